"""A small agent with its policy class, and copies of it that each break one rule."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from rlbench.interfaces import (
    AgentParameters,
    Array,
    Context,
    EnvFacts,
    Scalars,
    State,
    Worker,
)
from rlbench.settings import Frozen


class ClimberSettings(AgentParameters):
    """sigma: standard deviation of a change of the weights."""

    sigma: float = Field(0.5, gt=0)


class LinearPolicy:
    """The action with the largest weighted sum of the observation."""

    def __init__(self, weights: Array) -> None:
        self.weights = weights

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return np.argmax(obs @ self.weights, axis=1)

    def arrays(self) -> Mapping[str, Array]:
        return {"architecture": np.array('{"kind": "linear"}'), "weights": self.weights}


class HillClimber:
    """Changes the weights at random, plays an episode, and keeps the change if it did as well."""

    Settings: ClassVar[Any] = ClimberSettings
    version: ClassVar[Any] = 1
    uses_executor: ClassVar[bool] = False

    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        self.context, self.settings = context, settings
        self.lanes = context.make_lanes(1)
        self.weights = np.zeros((context.env.observation_size, context.env.action.nvec[0]))
        self.best, self.episode = -np.inf, 0

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: Any, *, workers: int) -> float | None:
        return None

    def advance(self, env_steps: int) -> Scalars:
        done = 0
        while done < env_steps and not self.context.should_stop():
            done += self.try_change()
        return {"best": float(self.best), "episode": self.episode}

    def try_change(self) -> int:
        self.episode += 1
        change = self.generator().normal(0, self.settings.sigma, self.weights.shape)
        changed = self.weights + change
        total, steps = self.play(LinearPolicy(changed))
        if total >= self.best:
            self.best, self.weights = total, changed
        return steps

    def generator(self) -> np.random.Generator:
        return self.context.seeds.child("changes").generator(self.episode)

    def episode_seed(self) -> int:
        return self.context.seeds.child("episodes").episode_seed(self.episode)

    def play(self, policy: LinearPolicy) -> tuple[float, int]:
        return play_episode(self.lanes, policy, self.episode_seed())

    def policy(self) -> Any:
        return LinearPolicy(self.weights)

    def get_state(self) -> State:
        return {"weights": self.weights, "best": self.best, "episode": self.episode}

    def set_state(self, state: State) -> None:
        self.weights, self.best = state["weights"], state["best"]
        self.episode = state["episode"]

    def close(self) -> None:
        pass


def play_episode(lanes: Any, policy: Any, seed: int) -> tuple[float, int]:
    one, rng = np.array([0]), np.random.default_rng(seed)
    obs, total, steps, over = lanes.reset(one, np.array([seed])), 0.0, 0, False
    while not over:
        obs, rewards, terminated, truncated = lanes.step(one, policy.act(obs, rng))
        total, steps = total + rewards[0], steps + 1
        over = bool(terminated[0] or truncated[0])
    return total, steps


class NoVersion(HillClimber):
    version = "one"


class NoSettings(HillClimber):
    Settings = Frozen


class Forgets(HillClimber):
    memory_mb = staticmethod(lambda *_, **__: "much")


class Eager(HillClimber):
    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        super().__init__(context, settings)
        self.play(self.policy())


class Miscounts(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        found = super().advance(2 * env_steps)
        self.lanes.counts.env_steps -= env_steps
        return found


class Squeezed(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return np.squeeze(super().act(obs, rng))


class SqueezedPolicy(HillClimber):
    def policy(self) -> Any:
        return Squeezed(self.weights)


class Complex(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "phase": np.complex64(1j)}  # type: ignore[dict-item]


class Together(LinearPolicy):
    independent_lanes: ClassVar[bool] = True

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return np.full(len(obs), int(len(obs) > 1))


class TogetherPolicy(HillClimber):
    def policy(self) -> Any:
        return Together(self.weights)


class Lazy(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return super().advance(env_steps // 2)


class Hidden(HillClimber):
    def try_change(self) -> int:
        with self.lanes.uncounted():
            return super().try_change()


class WithoutLanes(HillClimber):
    def try_change(self) -> int:
        return 10


class Unseeded(HillClimber):
    def generator(self) -> np.random.Generator:
        return np.random.default_rng()


class OneSeed(HillClimber):
    def generator(self) -> np.random.Generator:
        return np.random.default_rng(self.episode)

    def episode_seed(self) -> int:
        return self.episode


class Cut(HillClimber):
    """Begins another search at each call."""

    def advance(self, env_steps: int) -> Scalars:
        self.best = -np.inf
        return super().advance(env_steps)


class Incomplete(HillClimber):
    def get_state(self) -> State:
        return {"weights": self.weights, "episode": self.episode}

    def set_state(self, state: State) -> None:
        super().set_state({**state, "best": -np.inf})


class Rare(HillClimber):
    """Moves its weights once in `every` steps, by a velocity that it keeps."""

    every: ClassVar[int] = 450

    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        super().__init__(context, settings)
        self.velocity, self.steps = np.zeros_like(self.weights), 0

    def try_change(self) -> int:
        self.episode += 1
        _, steps = self.play(self.policy())
        moves = (self.steps + steps) // self.every - self.steps // self.every
        self.steps += steps
        for _ in range(moves):
            change = self.generator().normal(0, self.settings.sigma, self.weights.shape)
            self.velocity = 0.9 * self.velocity + change
            self.weights = self.weights + self.velocity
        return steps

    def get_state(self) -> State:
        return {**super().get_state(), "velocity": self.velocity, "steps": self.steps}

    def set_state(self, state: State) -> None:
        super().set_state(state)
        self.velocity, self.steps = state["velocity"], state["steps"]


class RareAndForgetful(Rare):
    """Its state says nothing of the velocity."""

    def get_state(self) -> State:
        return {**super().get_state(), "velocity": 0}

    def set_state(self, state: State) -> None:
        super().set_state({**state, "velocity": np.zeros_like(self.weights)})


class LongGenerations(RareAndForgetful):
    """Plays on until its weights have moved, however few steps are asked for."""

    def advance(self, env_steps: int) -> Scalars:
        found: Scalars = {}
        begun = self.steps
        while self.steps < begun + env_steps and not self.context.should_stop():
            ends = (self.steps // self.every + 1) * self.every
            found = super().advance(ends - self.steps)
        return found


class TooRare(Rare):
    every = 100_000


class Restarts(HillClimber):
    def get_state(self) -> State:
        return {}

    def set_state(self, state: State) -> None:
        pass


class Recounts(HillClimber):
    def set_state(self, state: State) -> None:
        super().set_state(state)
        self.play(self.policy())


class Unsaved(HillClimber):
    def get_state(self) -> State:
        return {**super().get_state(), "place": Path("here")}


class SpentState(HillClimber):
    def get_state(self) -> State:
        self.episode += 1
        return super().get_state()


class Live(HillClimber):
    """Its policy shares the weights that go on changing."""

    def try_change(self) -> int:
        before = self.weights
        steps = super().try_change()
        before[:] = self.weights
        self.weights = before
        return steps

    def set_state(self, state: State) -> None:
        super().set_state({**state, "weights": state["weights"].copy()})


class Moody(LinearPolicy):
    calls = 0

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        self.calls += 1
        return (super().act(obs, rng) + self.calls) % 2


class MoodyPolicy(HillClimber):
    def policy(self) -> Any:
        return Moody(self.weights)


class Spoiling(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        actions = super().act(obs, rng)
        obs *= 0.5
        return actions


class SpoilingPolicy(HillClimber):
    def policy(self) -> Any:
        return Spoiling(self.weights)


class Nameless(LinearPolicy):
    def arrays(self) -> Mapping[str, Array]:
        return {"weights": self.weights}


class NamelessPolicy(HillClimber):
    def policy(self) -> Any:
        return Nameless(self.weights)


class Columns(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return super().act(obs, rng)[:, None]


class ColumnsPolicy(HillClimber):
    def policy(self) -> Any:
        return Columns(self.weights)


class Floats(HillClimber):
    def try_change(self) -> int:
        self.lanes.reset(np.array([0]), np.array([1]))
        self.lanes.step(np.array([0]), np.array([0.5]))
        return 1


class Overruns(HillClimber):
    def try_change(self) -> int:
        self.lanes.step(np.array([0]), np.array([0]))
        return 1


class Closes(HillClimber):
    def close(self) -> None:
        self.lanes.close()


class Stubborn(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        done = 0
        while done < env_steps:
            done += self.try_change()
        return {}


class Talks(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "mood": "good"}  # type: ignore[dict-item]


class Shares(HillClimber):
    """Plays its episodes on an executor, and learns the same on any."""

    uses_executor = True

    def __init__(self, context: Context, settings: ClimberSettings) -> None:
        super().__init__(context, settings)
        self.executor = context.make_executor()

    def play(self, policy: LinearPolicy) -> tuple[float, int]:
        (played,) = self.executor.map(play_task, [self.episode_seed()], policy)
        return played


def play_task(worker: Worker, policy: LinearPolicy, seed: int) -> tuple[float, int]:
    return play_episode(worker.lanes(1), policy, seed)


class CountsWorkers(Shares):
    """Its steps get larger with more workers."""

    def generator(self) -> np.random.Generator:
        return self.context.seeds.child("changes").generator(self.episode, self.executor.workers)


class DropsAChange(HillClimber):
    """A stop costs it a change that it never tries."""

    def advance(self, env_steps: int) -> Scalars:
        found = super().advance(env_steps)
        self.episode += self.context.should_stop()
        return found


class LosesItsStop(HillClimber):
    """Goes on well after a stop, but a checkpoint of that moment lacks what it remembers."""

    skipped = 0

    def try_change(self) -> int:
        self.episode, self.skipped = self.episode - self.skipped, 0
        return super().try_change()

    def advance(self, env_steps: int) -> Scalars:
        found = super().advance(env_steps)
        if self.context.should_stop():
            self.episode, self.skipped = self.episode + 1, 1
        return found


class ThrowsAway(HillClimber):
    """Keeps the rules: an episode that a stop cuts short is played again as a whole."""

    def try_change(self) -> int:
        before = self.get_state()
        steps = super().try_change()
        if self.context.should_stop():
            self.set_state(before)
        return steps


class NumpysGlobal(HillClimber):
    """Seeds the generator that all code shares, with a seed that is its own."""

    def try_change(self) -> int:
        np.random.seed(self.episode_seed() % 2**32)  # noqa: NPY002
        return super().try_change()


class PythonsGlobal(HillClimber):
    def try_change(self) -> int:
        random.seed(self.episode_seed())
        return super().try_change()


class Drawing(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        random.random()
        return super().act(obs, rng)


class DrawingPolicy(HillClimber):
    def policy(self) -> Any:
        return Drawing(self.weights)


class Listing(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Any:
        return super().act(obs, rng).tolist()


class ListingPolicy(HillClimber):
    def policy(self) -> Any:
        return Listing(self.weights)


class Lists(HillClimber):
    """Its policy is in order; it steps its lanes with lists."""

    def play(self, policy: LinearPolicy) -> tuple[float, int]:
        return play_episode(self.lanes, Listing(policy.weights), self.episode_seed())


class Flags(LinearPolicy):
    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return super().act(obs, rng) == 1


class FlagsPolicy(HillClimber):
    def policy(self) -> Any:
        return Flags(self.weights)


class Timed(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "took": np.timedelta64(3, "s")}


class Long(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "best": np.longdouble(1)}


class Quotient(HillClimber):
    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "half": Fraction(1, 2)}  # type: ignore[dict-item]


class NotANumber(HillClimber):
    """Keeps the rules: what is not finite is null in the log."""

    def advance(self, env_steps: int) -> Scalars:
        return {**super().advance(env_steps), "a/b": float("nan"), "c": np.float32(np.inf)}


class PathSettings(ClimberSettings):
    def identity(self, cores: int) -> dict[str, Any]:
        return {"place": Path("here")}


class PathIdentity(HillClimber):
    Settings = PathSettings


class TupleSettings(ClimberSettings):
    def identity(self, cores: int) -> dict[str, Any]:
        return {"sizes": (1, 2)}


class TupleIdentity(HillClimber):
    Settings = TupleSettings


class NanSettings(ClimberSettings):
    def identity(self, cores: int) -> dict[str, Any]:
        return {"sigma": float("nan")}


class NanIdentity(HillClimber):
    Settings = NanSettings


class WritesToState(HillClimber):
    """Changes the weights in place, those of the state that it was given too."""

    def try_change(self) -> int:
        before = self.weights
        steps = super().try_change()
        before[...], self.weights = self.weights, before
        return steps

    def policy(self) -> Any:
        return LinearPolicy(self.weights.copy())


class NumberedKeys(HillClimber):
    def get_state(self) -> State:
        return {**super().get_state(), "lanes": {0: 1}}


class Slashes(HillClimber):
    """Keeps the rules, with names that look like paths."""

    def get_state(self) -> State:
        return {"a/b": self.weights, "a": {"b": np.array([self.best, self.episode])}}

    def set_state(self, state: State) -> None:
        best, episode = state["a"]["b"]
        super().set_state({"weights": state["a/b"], "best": best, "episode": int(episode)})

    def policy(self) -> Any:
        return SlashedPolicy(self.weights)


class SlashedPolicy(LinearPolicy):
    def arrays(self) -> Mapping[str, Array]:
        return {**super().arrays(), "file": self.weights, "a/b": self.weights}
