"""Runs that are hurt on purpose: `scripts/hurt`."""
