"""A sweep: many runs, each in a fresh process on cores of its own."""
