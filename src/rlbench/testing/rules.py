"""What a broken rule raises, and the values that an agent gives to rlbench."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rlbench.interfaces import Agent, AgentParameters, State
from rlbench.testing.states import first_difference, through_checkpoint

UNUSUAL_SEED = 915_047


def require(holds: bool, message: str) -> None:
    """Raise AssertionError with the broken rule, unless it holds."""
    if not holds:
        raise AssertionError(message)


def require_same(message: str, one: Any, other: Any) -> None:
    """Raise AssertionError with the first difference of two states, unless there is none."""
    difference = first_difference(one, other)
    require(difference is None, f"{message} ({difference})")


def check_scalars(scalars: Any) -> None:
    """What `advance` returns: numbers that the log can hold, not-a-number included."""
    require(isinstance(scalars, dict), f"advance: returns {type(scalars).__name__}, not a dict")
    for name, value in scalars.items():
        plain = value.item() if isinstance(value, np.number) else value
        number = isinstance(plain, (int, float)) and not isinstance(value, (bool, np.timedelta64))
        require(isinstance(name, str) and number, f"advance: returns {name!r}: {value!r}")


def check_identity(settings: AgentParameters) -> None:
    """What names a run: JSON values, the same each time."""
    identity = settings.identity(1)
    try:
        text = json.dumps(identity, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"Settings.identity: gives no JSON values ({error})") from error
    same = json.loads(text) == identity and isinstance(identity, dict)
    require(same, f"Settings.identity: gives {identity!r}, which JSON holds otherwise")
    require(settings.identity(1) == identity, "Settings.identity: gives something else each time")


def state_of(agent: Agent) -> State:
    """The agent's state as it comes out of a checkpoint."""
    state = agent.get_state()
    require(isinstance(state, dict), f"get_state: returns {type(state).__name__}, not a dict")
    try:
        return through_checkpoint(state)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"get_state: a checkpoint cannot hold it: {error}") from error


def read_only(state: Any) -> Any:
    """A copy of a state whose arrays are read-only, as large ones of a checkpoint are."""
    if isinstance(state, dict):
        return {key: read_only(value) for key, value in state.items()}
    if isinstance(state, list):
        return [read_only(value) for value in state]
    if isinstance(state, np.ndarray):
        state = state.copy()
        state.flags.writeable = False
    return state


@contextmanager
def no_writes_to_the_state() -> Iterator[None]:
    """Within this, an agent goes on from a state that is `read_only`."""
    try:
        yield
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise AssertionError(
            "set_state: the agent keeps an array of the state and writes to it: large arrays of a "
            "checkpoint are read-only, so it copies what it changes"
        ) from error


def global_random_states() -> dict[str, Any]:
    """The random states that all code of a process shares, by the name of their module."""
    numpys = np.random.get_state()  # noqa: NPY002 (to see whether another uses it)
    parts = [part.tobytes() if isinstance(part, np.ndarray) else part for part in numpys]
    return {"numpy.random": parts, "random": random.getstate()}


@contextmanager
def own_random_numbers(what: str) -> Iterator[None]:
    """Within this, nothing may draw from the global random states or seed them."""
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002
    # Values that no other code leaves there, since one that seeds them may do so each time alike.
    np.random.set_state(np.random.RandomState(UNUSUAL_SEED).get_state())  # noqa: NPY002
    random.setstate(random.Random(UNUSUAL_SEED).getstate())
    before = global_random_states()
    try:
        yield
        after = global_random_states()
    finally:
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
    for module, state in before.items():
        own = "random numbers come from context.seeds"
        require(after[module] == state, f"{what}: uses the global state of {module}; {own}")
