"""Agents for tests of how an agent is found, named and refused."""

from rlbench.agents.random import RandomAgent, RandomSettings
from rlbench.errors import ConfigError
from rlbench.interfaces import Context
from rlbench.settings import Frozen


class Moved(RandomAgent):
    """The random agent in another module."""


class Half:
    """Lacks what a checkpoint needs."""

    Settings = RandomSettings
    version = 1
    uses_executor = False
    memory_mb = advance = policy = set_state = close = None


class Loose(RandomAgent):
    """Its settings are not an agent's."""

    Settings = Frozen  # type: ignore[assignment]


class Refusing(RandomAgent):
    """Finds only when it is built that its settings do not suit."""

    def __init__(self, context: Context, settings: RandomSettings) -> None:
        raise ConfigError("agent.num_lanes", settings.num_lanes, "another number")
