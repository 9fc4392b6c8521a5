"""Checks for agents that others write, as library code: no pytest is needed."""

from rlbench.testing.agents import check_agent
from rlbench.testing.states import first_difference

__all__ = ["check_agent", "first_difference"]
