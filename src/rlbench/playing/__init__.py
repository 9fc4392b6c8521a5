"""Saved policies at play: from a run or a file, in the environment that they were trained in."""
