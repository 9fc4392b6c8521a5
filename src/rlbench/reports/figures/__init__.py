"""Figures of the report: each module turns statistics into one kind of matplotlib figure."""
