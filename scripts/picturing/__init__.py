"""Pictures of the documentation, each drawn from real runs."""
