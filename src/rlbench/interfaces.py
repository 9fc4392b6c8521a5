"""The contracts between parts of rlbench: what an agent, a policy, lanes and an executor are.

Another agent is a class with all that `Agent` has, most simply a subclass of it, a class of
settings derived from `AgentParameters`, and a name: an entry point of the group `rlbench.agents`,
or a YAML file with its `_target_`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rlbench.saving import Saving
from rlbench.seeding import Seeds
from rlbench.settings import Frozen

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

    def wrong(self, actions: Any, lanes: int) -> str | None:
        """What is wrong with the actions of so many lanes; None where they fit. The numbers of a
        box have to be finite only, as the lanes cut them to its ends."""
        if not isinstance(actions, np.ndarray):
            return f"actions of type {type(actions).__name__}, not an array"
        shape = (lanes,) if self.kind == "discrete" else (lanes, self.dimensions)
        if actions.shape != shape:
            return f"actions of shape {actions.shape}, not {shape}"
        if self.kind == "box":
            if actions.dtype.kind != "f" or not np.isfinite(actions).all():
                return f"actions that are not finite floats: {actions.dtype}"
            return None
        if actions.dtype.kind not in "iu":
            return f"actions of type {actions.dtype}, not integers"
        above = self.nvec[0] if self.kind == "discrete" else np.array(self.nvec)
        if actions.min() < 0 or (actions >= above).any():
            return f"actions from {actions.min()} to {actions.max()}; takes 0 to below {self.nvec}"
        return None


@dataclass(frozen=True)
class EnvFacts:
    """What an agent may know of its environment before it acts.

    observation_shape: of one observation as the lanes give it: (size,) float32, or for pixels
    (channels, height, width) uint8. frame_skip: emulator frames a step.
    max_episode_steps: the cap that truncates every episode. native_vector: stepping many lanes
    costs little more than stepping one, so one process serves a whole population. lock_step_lanes:
    with more lanes than this in turn, each finds the processor's cache full of the others' state
    when it is stepped again; None: no such limit. stacked: of pixels, whether the channels are the
    last frames of a game, oldest first; False: they show different things at one time.
    """

    id: str
    observation_shape: tuple[int, ...]
    action: ActionSpec
    max_episode_steps: int
    frame_skip: int = 1
    native_vector: bool = False
    lock_step_lanes: int | None = None
    stacked: bool = True

    @property
    def observation_size(self) -> int:
        """Numbers in one observation."""
        return math.prod(self.observation_shape)

    @property
    def pixels(self) -> bool:
        """Whether observations are images of bytes rather than vectors."""
        return len(self.observation_shape) == 3

    @property
    def frames(self) -> bool:
        """Whether observations are stacked frames, of which each brings one new one."""
        return self.pixels and self.stacked

    @property
    def observation_dtype(self) -> type[np.generic]:
        return np.uint8 if self.pixels else np.float32

    @property
    def lane_bytes(self) -> int:
        """What a lane takes in memory at the least: a game of the emulator, an environment of
        Python objects, or a column of arrays."""
        own = 1_000_000 if self.frames else 100 if self.native_vector else 20_000
        return own + 16 * self.observation_size


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

    They alone count what they step. An observation [*obs] has the shape and type that
    `EnvFacts.observation_shape` describes; rewards are the environment's own, never clipped.

    lives: [num_lanes] the lives that each lane's episode had left after its last reset or step,
    None where the environment has none to lose.
    """

    @property
    def num_lanes(self) -> int: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def lives(self) -> Array | None: ...

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


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Raised by a task, or whoever plays episodes, that was told to stop before its end."""


class Worker(Protocol):
    """Where a task of an executor runs: it owns environments that last from task to task."""

    cache: dict[str, Any]  # for values that are pure functions of the task, such as noise

    def should_stop(self) -> bool:
        """Whether nobody wants the task's result any more. A long task asks between two steps of
        its lanes, and raises Stopped."""
        ...

    def lanes(self, num_lanes: int, place: int = 0) -> Lanes:
        """Counted training lanes of this worker (the same ones at each call); as many others for
        each `place`."""
        ...


class Executor(Protocol):
    """Runs the tasks of a population somewhere; it decides where, never what."""

    workers: int

    def map(
        self,
        fn: Callable[[Worker, Any, Any], Any],
        tasks: Iterable[Any],
        shared: Any = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Generator[Any, None, None]:
        """`fn(worker, shared, task)` for each task; results in task order.

        should_stop: asked while tasks run. Once it is true no other task begins, those that run
        are told by `Worker.should_stop`, and there are fewer results than tasks. Closing the
        generator early is the same. All steps that were taken are counted.
        """
        ...

    def add_up(
        self,
        fn: Callable[[Worker, Any, Any], Any],
        tasks: Collection[Any],
        shared: Any,
        total: Array,
        arrays: int,
    ) -> Array:
        """`total` with all arrays of its shape added that `fn(worker, shared, task)` lists for each
        task: one after another in order, so that the sum is the same to the bit on any number of
        workers. arrays: how many there are in all; where these are many bytes, they may stay with
        the workers.
        """
        ...

    def close(self) -> None: ...


class Policy(Protocol):
    """A frozen way of acting: a pure function of observation and generator.

    It should be possible to pickle it, so that the workers of a run can play it.
    independent_lanes (False where a class does not have it): `act` draws nothing, and gives a lane
    the same action, to the bit, whatever lanes are beside it. The evaluation then asks for many
    lanes at once, otherwise for one.
    """

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        """Actions [L] or [L, D] (see `ActionSpec`) for observations [L, *obs]."""
        ...

    def arrays(self) -> Mapping[str, Array]:
        """What `policy.npz` holds: arrays, and under `architecture` a JSON string."""
        ...


@dataclass(frozen=True)
class Context:
    """What the harness lends an agent. It holds no clock: `should_stop` is all an agent learns
    of time, and it may only end `advance` early, never change what is learned.

    starting: to be told of what takes seconds while the agent is built, as "importing TensorFlow",
    so that whoever watches the run knows what it waits for. saving: how the run is saved within
    `advance`."""

    env: EnvFacts
    seeds: Seeds
    make_lanes: Callable[[int], Lanes]
    make_executor: Callable[[], Executor]
    should_stop: Callable[[], bool] = field(default=lambda: False)
    starting: Callable[[str], None] = field(default=lambda what: None)
    saving: Saving = field(default_factory=Saving)
    cores: int = 1


class AgentParameters(Frozen):
    """Base of an agent's own settings, and what the harness asks of them."""

    def identity(self, cores: int) -> dict[str, Any]:
        """The settings that decide what is learned, as JSON values: they name a run.

        Those at their defaults are left out. So a setting that is added later, with a default that
        changes nothing, leaves the names of all runs as they are. cores: of the run, for agents
        whose results depend on how many there are.
        """
        return self.model_dump(mode="json", exclude_defaults=True)

    def check_installed(self) -> None:
        """Raise ConfigError where a package that the agent needs with these settings is missing,
        with the command that installs it. Called before the first job of a sweep begins."""
        return

    def alone(self) -> bool:
        """Whether an agent that uses an executor needs none with these settings."""
        return False

    def cores_beside(self, own_cores: int) -> int:
        """How many cores the agent keeps busy in its own process while its workers work. On a
        cluster they count as the run's, beside the workers'. own_cores: those it may use."""
        return 0

    def for_probe(self) -> Self:
        """These settings, changed so that a few seconds show the pace of a long run: what comes
        only after a while comes at once."""
        return self

    def compute_dtype(self) -> str:
        """The type of number in which the agent's networks compute."""
        return "float32"


class Agent(Protocol):
    """Learns within a budget of steps. Everything it will draw or count is in its state.

    What is learned does not depend on how a number of steps is cut into calls of `advance`.
    Lanes and executors belong to the harness, which also closes them.

    Settings: the class of the agent's own settings. version: of the algorithm. It is part of a
    run's name and is raised by hand whenever the same settings lead to other results, a changed
    default included. uses_executor: whether the agent gives its work to an executor (see also
    `AgentParameters.alone`).
    """

    Settings: ClassVar[type[AgentParameters]]
    version: ClassVar[int] = 1
    uses_executor: ClassVar[bool] = False

    def __init__(self, context: Context, settings: Any) -> None:
        """settings: an instance of `Settings`."""
        ...

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: Any, *, workers: int) -> float | None:
        """The memory in MiB that the agent learns from, beside the libraries; None: unknown.

        Called before anything is written: raises ConfigError for settings that do not suit `env`.
        """
        return None

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`.

        What a stop cuts short is kept in the state, or thrown away (`Saving.discard`) and done
        again: going on leads to what would have been learned, and reported, without it.

        It is called with 0 before the first evaluation: an agent that has no policy to judge
        before it has taken some steps takes them then, and they are training steps as all others.

        Returns scalars for the log, under any names; one that is not finite is null there."""
        ...

    def policy(self) -> Policy:
        """A frozen snapshot of the policy to be judged (unperturbed, greedy)."""
        ...

    def get_state(self) -> State:
        """Everything needed to go on exactly, as nested dicts of arrays and scalars, by text; the
        scalars come to at most 8 MB of JSON."""
        ...

    def set_state(self, state: State) -> None:
        """Go on from what `get_state` gave. Arrays may be read-only, and files on the disk."""
        ...

    def close(self) -> None:
        """End what the agent itself began, such as threads; nothing else is called afterwards.
        Lanes and executor came from the context, and whoever made the context closes them."""
        return
