"""The search for an agent's settings: trials on seeds of its own, each of them whole runs."""
