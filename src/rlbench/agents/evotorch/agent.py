"""An algorithm of EvoTorch as an agent."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from rlbench.agents.evotorch.settings import EvotorchSettings
from rlbench.agents.search.agent import Search, SearchAgent
from rlbench.interfaces import Array
from rlbench.seeding import Seeds

LOG_VARIABLE = "EVOTORCH_VERBOSE_LEVEL"  # read when it is imported
NO_LOG = "-1"


class Evotorch(SearchAgent):
    """EvoTorch's own code searches, in this process and on one thread; see `SearchAgent`."""

    Settings = EvotorchSettings
    version: ClassVar[int] = 1
    library: ClassVar[str] = "PyTorch and EvoTorch"

    @staticmethod
    def make_search(settings: Any, start: Array, seeds: Seeds) -> Search:
        os.environ.setdefault(LOG_VARIABLE, NO_LOG)
        from rlbench.agents.evotorch.search import make_search

        return make_search(settings, start, seeds.integer())
