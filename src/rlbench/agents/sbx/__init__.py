"""The algorithms of SBX, Stable-Baselines3 on JAX, as agents."""
