"""The algorithms of evosax as agents."""
