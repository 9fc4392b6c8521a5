"""Statistics of runs, numbers only: usable on plain arrays without a run of rlbench."""
