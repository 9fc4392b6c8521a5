"""After how many steps a training episode is broken off, with the return that it has until then.

Salimans et al. 2017 (arXiv 1703.03864), section 2.1: the cap is the same for all of a generation
and twice the mean length of episodes, so that workers are busy more than half of the time, and a
member that does nothing (and nothing happens to it) does not cost an hour of play.
"""

from __future__ import annotations

import math

from rlbench.interfaces import EnvFacts
from rlbench.settings import AUTO

FIRST_CAP_STEPS = 2000  # adaptive, before any episode has been seen
TIMES_MEAN = 2


class EpisodeCap:
    """steps: the cap of the next generation, None without one; it is all of the state.

    setting: "adaptive", a number of steps, None for no cap, or "auto" for adaptive on frames and no
    cap elsewhere.
    """

    def __init__(self, setting: str | int | None, env: EnvFacts) -> None:
        if setting == AUTO:
            setting = "adaptive" if env.frames else None
        self._limit, self._adapts = env.max_episode_steps, setting == "adaptive"
        first = FIRST_CAP_STEPS if self._adapts else setting
        self.steps = min(first, self._limit) if isinstance(first, int) else None

    def adapt(self, length_mean: float) -> None:
        """Take in a generation's mean length of episodes, the broken off ones included: where all
        reach the cap, it doubles."""
        if self._adapts:
            self.steps = min(math.ceil(TIMES_MEAN * length_mean), self._limit)
