"""Evolution strategies as a scalable alternative to reinforcement learning."""
