"""The harness: the one clock, the one evaluation, and the loop that every agent runs in."""
