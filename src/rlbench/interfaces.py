"""The seams of rlbench: what an agent, a policy, an environment and an executor are.

A third agent is a class with the methods of `Agent`, a nested or referenced `Settings` class, and
one YAML file with its `_target_`. It is built as `cls(context, settings)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from rlbench.seeding import Seeds

Array = NDArray[Any]
Scalars = dict[str, float | int]
State = dict[str, Any]  # nested dict of arrays and JSON scalars, lists and strings


@dataclass(frozen=True)
class ActionSpec:
    """The actions of an environment, flattened.

    kind "discrete": an action is one int in [0, nvec[0]); "multi_discrete": D ints, the d-th in
    [0, nvec[d]); "box": D floats within [low, high] (infinite where unbounded). Policies use these
    forms; the lanes turn them into what the environment takes (offset, shape, dtype).
    """

    kind: str
    nvec: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def dimensions(self) -> int:
        """The number D of action dimensions (1 for a discrete action)."""
        return len(self.low) if self.kind == "box" else len(self.nvec)


@dataclass(frozen=True)
class EnvFacts:
    """What an agent may know of its environment before it acts.

    observation_shape: of one observation as the lanes give it: (size,) float32, or for pixels
    (stacked frames, height, width) uint8. frame_skip: emulator frames a step.
    max_episode_steps: the cap that truncates every episode. native_vector: stepping many lanes
    costs little more than stepping one, so one process serves a whole population. lock_step_lanes:
    with more lanes than this in turn, each finds the processor's cache full of the others' state
    when it is stepped again; None: no such limit.
    """

    id: str
    observation_shape: tuple[int, ...]
    action: ActionSpec
    max_episode_steps: int
    frame_skip: int = 1
    native_vector: bool = False
    lock_step_lanes: int | None = None

    @property
    def observation_size(self) -> int:
        """Numbers in one observation."""
        return math.prod(self.observation_shape)

    @property
    def pixels(self) -> bool:
        """Whether observations are stacked frames of bytes rather than vectors."""
        return len(self.observation_shape) == 3


@dataclass
class Counts:
    """Steps and finished episodes of a set of lanes since they were made."""

    env_steps: int = 0
    episodes: int = 0

    def add(self, other: Counts) -> None:
        self.env_steps += other.env_steps
        self.episodes += other.episodes


class Lanes(Protocol):
    """Environments in lock-step, each episode begun with an explicit seed; no autoreset.

    They count what they step: nobody else does. An observation [*obs] has the shape and type that
    `EnvFacts.observation_shape` tells; rewards are the environment's own, never clipped.

    lives: [num_lanes] the lives that each lane's episode had left after its last reset or step,
    None where the environment has none to lose.
    """

    num_lanes: int
    counts: Counts
    lives: Array | None

    def reset(self, lanes: Array, seeds: Array) -> Array:
        """Begin an episode in each of `lanes` [n] from `seeds` [n]; observations [n, *obs]."""
        ...

    def step(self, lanes: Array, actions: Array) -> tuple[Array, Array, Array, Array]:
        """Step `lanes` [n] with `actions` [n] or [n, D].

        Returns observations [n, *obs], rewards [n] float64, terminated [n] and
        truncated [n] bool. A lane that has ended must be reset before its next step.
        Raises RunError where the environment raises, or gives a reward or observation that is
        not finite.
        """
        ...

    def uncounted(self) -> AbstractContextManager[None]:
        """Steps within are not counted: only for replaying what was counted before."""
        ...

    def close(self) -> None: ...


class Worker(Protocol):
    """Where a task of an executor runs: it owns environments that last from task to task."""

    cache: dict[str, Any]  # for values that are pure functions of the task, such as noise

    def lanes(self, num_lanes: int) -> Lanes:
        """Counted training lanes of this worker (the same ones at each call)."""
        ...


class Executor(Protocol):
    """Runs the tasks of a population somewhere; it decides where, never what."""

    workers: int

    def map(
        self, fn: Callable[[Worker, Any, Any], Any], tasks: Iterable[Any], shared: Any = None
    ) -> Iterator[Any]:
        """`fn(worker, shared, task)` for each task; results in task order.

        Closing the iterator early drops the tasks not yet begun; what was begun is finished and
        its steps are counted.
        """
        ...

    def close(self) -> None: ...


class Policy(Protocol):
    """A frozen way of acting: a pure function of observation and generator."""

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        """Actions [L] or [L, D] (see `ActionSpec`) for observations [L, *obs]."""
        ...

    def arrays(self) -> Mapping[str, Array]:
        """What `policy.npz` holds: arrays, and under `architecture` a JSON string."""
        ...


@dataclass(frozen=True)
class Context:
    """What the harness lends an agent. It holds no clock: `should_stop` is all an agent learns
    of time, and it may only end `advance` early, never change what is learned."""

    env: EnvFacts
    seeds: Seeds
    make_lanes: Callable[[int], Lanes]
    make_executor: Callable[[], Executor]
    should_stop: Callable[[], bool] = field(default=lambda: False)
    cores: int = 1
    network: str = "auto"


class Agent(Protocol):
    """Learns within a budget of steps. Everything it will ever draw or count is in its state.

    What is learned does not depend on how a number of steps is cut into calls of `advance`.
    A class attribute `Settings` names the pydantic model of the agent's parameters;
    `uses_executor` True says that it shares its work out to an executor.
    """

    uses_executor: ClassVar[bool]

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`.

        Returns scalars for the log."""
        ...

    def policy(self) -> Policy:
        """A frozen snapshot of the policy to be judged (unperturbed, greedy)."""
        ...

    def get_state(self) -> State:
        """Everything needed to go on exactly, as nested dicts of arrays and scalars."""
        ...

    def set_state(self, state: State) -> None: ...

    def close(self) -> None: ...
