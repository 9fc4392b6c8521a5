"""What a run leaves: the one room that knows the form of its files."""
