"""Hydra's doors into rlbench: its sweeper and its launcher. What they do is in rlbench.sweeps."""
