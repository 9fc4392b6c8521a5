"""Agents for tests of how an agent is found, named and refused, and of what one may do wrong."""

import os
import sys
import threading
import time
from typing import Any

from rlbench.agents.random import RandomAgent, RandomSettings, UniformPolicy
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


class Idle(RandomAgent):
    """Makes no step after the first evaluation, and is asked again for ever."""

    def advance(self, env_steps: int) -> Any:
        return {} if env_steps else super().advance(env_steps)


class Wordy(RandomAgent):
    """Reports something else than numbers by name."""

    def advance(self, env_steps: int) -> Any:
        super().advance(env_steps)
        return "fine"


class Unmeasured(RandomAgent):
    """Cannot say what memory it takes."""

    @classmethod
    def memory_mb(cls, *args: Any, **kwargs: Any) -> Any:
        raise ValueError("no idea")


class Huge(RandomAgent):
    """Says what memory it takes in words."""

    @classmethod
    def memory_mb(cls, *args: Any, **kwargs: Any) -> Any:
        return "much"


class Interrupting(RandomAgent):
    """Raises what Ctrl-C raises, without one."""

    def advance(self, env_steps: int) -> Any:
        raise KeyboardInterrupt


class Quitting(RandomAgent):
    """Ends the whole process as if all were well, while it trains."""

    def advance(self, env_steps: int) -> Any:
        if env_steps:
            os._exit(0)
        return super().advance(env_steps)


class Unclosable(RandomAgent):
    def close(self) -> None:
        raise ValueError("the door is stuck")


def _wait_for_ever() -> None:
    """Says that it does, and does."""
    print("waiting for ever", file=sys.stderr, flush=True)
    threading.Event().wait()


class Endless(RandomAgent):
    """Does not close."""

    def close(self) -> None:
        _wait_for_ever()


class Threaded(RandomAgent):
    """Leaves a thread behind."""

    def __init__(self, context: Context, settings: RandomSettings) -> None:
        super().__init__(context, settings)
        threading.Thread(target=threading.Event().wait).start()


class StuckBuilt(RandomAgent):
    """Its constructor does not return."""

    def __init__(self, context: Context, settings: RandomSettings) -> None:
        threading.Event().wait()


class StuckTraining(RandomAgent):
    def advance(self, env_steps: int) -> Any:
        if env_steps:
            threading.Event().wait()
        return super().advance(env_steps)


class StuckForGood(RandomAgent):
    """Hears of no error."""

    def advance(self, env_steps: int) -> Any:
        while env_steps:
            try:
                threading.Event().wait()
            except BaseException:
                continue
        return super().advance(env_steps)


class StuckPolicy(UniformPolicy):
    def act(self, obs: Any, rng: Any) -> Any:
        threading.Event().wait()


class StuckActing(RandomAgent):
    def policy(self) -> Any:
        return StuckPolicy(super().policy()._action)


class StuckClosing(RandomAgent):
    def close(self) -> None:
        threading.Event().wait()


class StuckTask(RandomAgent):
    """What it has its workers do does not return."""

    uses_executor = True

    def __init__(self, context: Context, settings: RandomSettings) -> None:
        super().__init__(context, settings)
        self.executor = context.make_executor()
        self.should_stop = context.should_stop

    def advance(self, env_steps: int) -> Any:
        if env_steps:
            list(self.executor.map(_wait_in_task, range(2), None, self.should_stop))
        return super().advance(env_steps)


def _wait_in_task(worker: Any, shared: Any, task: int) -> None:
    threading.Event().wait()


class Patient(RandomAgent):
    """One call that takes longer than `agent_timeout_s`, and steps all the while."""

    def advance(self, env_steps: int) -> Any:
        until = time.monotonic() + 3.0 if env_steps else 0.0
        found = super().advance(env_steps)
        while time.monotonic() < until:
            super().advance(1)
        return found


class Colourful(RandomAgent):
    """Fails with words that would write to a terminal's title, clear it, and hide."""

    def advance(self, env_steps: int) -> Any:
        if env_steps:
            raise ValueError("\x1b]0;title\x07\x1b[2J\u202e red \x9b31m")
        return super().advance(env_steps)
