"""Measurements of the project against its goals and against its peers; see `scripts/bench`."""
