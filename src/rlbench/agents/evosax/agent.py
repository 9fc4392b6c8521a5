"""An algorithm of evosax as an agent."""

from __future__ import annotations

from typing import Any, ClassVar

from rlbench.agents.evosax.settings import EvosaxSettings
from rlbench.agents.jax_runtime import start_jax
from rlbench.agents.search.agent import Search, SearchAgent
from rlbench.interfaces import Array, EnvFacts
from rlbench.seeding import Seeds


class Evosax(SearchAgent):
    """evosax's own code searches, in this process and on one thread; see `SearchAgent`."""

    Settings = EvosaxSettings
    version: ClassVar[int] = 1
    library: ClassVar[str] = "JAX and evosax"

    @staticmethod
    def make_search(settings: Any, start: Array, seeds: Seeds) -> Search:
        # With one thread results do not depend on the cores of a run. evosax computes as soon as it
        # is imported.
        start_jax(threads=1)
        from rlbench.agents.evosax.search import EvosaxSearch

        return EvosaxSearch(settings, start, seeds.integer())

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: Any, *, workers: int) -> float:
        """See `SearchAgent.memory_mb`; raises ConfigError for a population that does not suit."""
        settings.check_installed()
        settings.check_size(env)
        return super().memory_mb(env, settings, workers=workers)
