"""The agents. They know neither the harness nor the clock."""
