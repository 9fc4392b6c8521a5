"""What serves one at a time, first come first served: a process, a network link."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simpy


class Server:
    """Turns of known length in the order of asking. So a turn is one event, where
    `simpy.Resource` needs four; with 10,000 workers that decides."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env, self._free_at = env, 0.0

    def turn(self, seconds: float) -> simpy.Event:
        """The end of a turn of this length, which begins when all before it have ended."""
        now: float = self._env.now
        self._free_at = max(self._free_at, now) + seconds
        return self._env.timeout(self._free_at - now)
