"""Holds the model of `rlbench scale` against measurements and published times."""
