"""A sweep: many runs, each in a fresh process on the cores given to it."""
