"""The search for an agent's settings: trials on separate seeds, each of them whole runs."""
