"""Whether an environment has stopped to answer, or an agent to do anything: seen from another
thread, at no cost for a step."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable
from types import FrameType
from typing import Protocol

from rlbench.clock import monotonic_s
from rlbench.envs.family import EnvPlan
from rlbench.errors import RunError

ENVIRONMENTS = "rlbench.envs."
FILES = "rlbench.runs."
LOOKS = 4  # within the seconds that a call may take, at least
SELDOM_S = 1.0


class Watch(Protocol):
    """Somebody who looks at a thread, now and then."""

    look_every_s: float

    def error(self) -> RunError | None:
        """What to say where the thread has come to nothing for too long."""
        ...

    def forget(self) -> None:
        """Let go of what was seen of the thread, when nobody is to look again."""
        ...


def watches_of(plan: EnvPlan, progress: Callable[[], Hashable]) -> list[Watch]:
    """Those of a worker over environments of `plan`; progress: see IdleWatch."""
    watches: list[Watch] = []
    if plan.step_timeout_s is not None:
        watches.append(StuckWatch(plan.facts.id, plan.step_timeout_s))
    if plan.agent_timeout_s is not None:
        watches.append(IdleWatch(plan.agent, plan.agent_timeout_s, progress))
    return watches


class StuckWatch:
    """Looks, whenever it is asked, at which call of an environment the thread is in that made this.

    That is the innermost function of `rlbench.envs` on the thread's stack with the one that it
    calls: each step of each environment is another one.
    """

    def __init__(self, env_id: str, timeout_s: float) -> None:
        self._env_id, self._timeout_s = env_id, timeout_s
        self._thread = threading.get_ident()
        self.look_every_s = min(SELDOM_S, timeout_s / LOOKS)
        self._call: tuple[FrameType | None, FrameType | None] = (None, None)
        self._looked_s, self._stuck_s = monotonic_s(), 0.0

    def error(self) -> RunError | None:
        """What to say where the thread has been in one call for too long."""
        now, before = monotonic_s(), self._call
        # A process that was halted (Ctrl-Z) was not looking either.
        passed_s = min(now - self._looked_s, 2 * self.look_every_s)
        self._looked_s, self._call = now, _call(sys._current_frames().get(self._thread))
        same = self._call[0] is before[0] and self._call[1] is before[1]
        self._stuck_s = self._stuck_s + passed_s if same and self._call[0] is not None else 0.0
        if self._stuck_s < self._timeout_s:
            return None
        return RunError(
            f"environment {self._env_id} has not answered for {self._timeout_s:g} s "
            "(env.step_timeout_s): a step, a reset or its constructor does not return"
        )

    def forget(self) -> None:
        """Let go of the frames that were seen: they hold their variables, an emulator among them,
        which complains where it is still there when the process ends."""
        self._call = (None, None)


class IdleWatch:
    """Looks, whenever it is asked, whether an agent does anything.

    progress: what changes when it does. A long call alone is no reason: compiling, or a generation
    of long episodes, may take many minutes. Time in which the thread that made this is in an
    environment or writes files is not the agent's.
    """

    def __init__(self, agent: str, timeout_s: float, progress: Callable[[], Hashable]) -> None:
        self._agent, self._timeout_s, self._progress = agent, timeout_s, progress
        self._thread = threading.get_ident()
        self.look_every_s = min(SELDOM_S, timeout_s / LOOKS)
        self._seen: Hashable = None
        self._looked_s, self._idle_s = monotonic_s(), 0.0

    def error(self) -> RunError | None:
        """What to say where the agent has done nothing for too long; then it waits again."""
        now, before = monotonic_s(), self._seen
        passed_s = min(now - self._looked_s, 2 * self.look_every_s)
        self._looked_s, self._seen = now, self._progress()
        busy = self._seen != before or _within(
            sys._current_frames().get(self._thread), (ENVIRONMENTS, FILES)
        )
        self._idle_s = 0.0 if busy else self._idle_s + passed_s
        if self._idle_s < self._timeout_s:
            return None
        self._idle_s = 0.0
        return RunError(
            f"agent {self._agent} has neither made a step nor asked whether to stop for "
            f"{self._timeout_s:g} s (agent_timeout_s): its code does not return"
        )

    def forget(self) -> None:
        """Nothing is held."""


def _within(frame: FrameType | None, rooms: tuple[str, ...]) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(rooms):
            return True
        frame = frame.f_back
    return False


def _call(frame: FrameType | None) -> tuple[FrameType | None, FrameType | None]:
    inner = None
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(ENVIRONMENTS):
            return frame, inner
        frame, inner = frame.f_back, frame
    return None, None
