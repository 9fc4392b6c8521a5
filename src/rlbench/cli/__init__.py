"""All commands."""
