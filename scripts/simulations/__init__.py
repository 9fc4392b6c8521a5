"""Does a 95 % interval hold the truth in 95 of 100 cases? Behind `scripts/coverage`."""
