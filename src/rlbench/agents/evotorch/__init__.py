"""The algorithms of EvoTorch as agents."""
