"""The evaluation: the same function, episodes and rule for every agent, off the training clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.envs.family import EvalSchedule
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import ActionSpec, Array, EnvFacts, Lanes, Policy, Stopped
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Evaluation:
    """Whole episodes on raw rewards: returns [E], lengths [E] in steps, truncated [E]."""

    returns: Array
    lengths: Array
    truncated: Array

    @property
    def return_mean(self) -> float:
        return float(self.returns.mean())

    @property
    def steps(self) -> int:
        """All steps that were played."""
        return int(self.lengths.sum())

    def first(self, episodes: int) -> Evaluation:
        """The first so many episodes."""
        return Evaluation(
            self.returns[:episodes], self.lengths[:episodes], self.truncated[:episodes]
        )

    @classmethod
    def of(cls, parts: Sequence[Evaluation]) -> Evaluation:
        """The episodes of all parts, one after another."""
        return cls(
            np.concatenate([part.returns for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.truncated for part in parts]),
        )


def evaluate(
    policy: Policy,
    lanes: Lanes,
    episodes: Sequence[int],
    seeds: Seeds,
    watch: Callable[[int], None] = lambda ended: None,
    *,
    action: ActionSpec | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Play `episodes` of `policy`; number i begins from the reset seed `seeds.episode_seed(i)`.

    Episodes run in lock-step on the lanes; a lane whose episode has ended takes up the next one.
    What happens in number i depends on the policy and its seed alone, whatever is played beside it:
    a policy that acts for each lane by itself (`Policy.independent_lanes`) is asked for all lanes
    at once, any other for one lane at a time, with a generator for each episode. watch: told how
    many have ended whenever some do. action: what the actions have to fit; None: they are not
    looked at. Raises RunError where one does not, and Stopped once `should_stop()` is true.
    """
    numbers = np.asarray(episodes, np.int64)
    reset_seeds = np.array([seeds.episode_seed(int(i)) for i in numbers])
    act = _Acting(policy, seeds, numbers, action)
    returns, lengths = np.zeros(len(numbers)), np.zeros(len(numbers), np.int64)
    truncated = np.zeros(len(numbers), np.bool_)
    begun = min(lanes.num_lanes, len(numbers))
    playing = np.arange(begun)  # [n] the lanes in use
    episode = np.arange(begun)  # [n] the episode that each plays, as a place in `numbers`
    obs = lanes.reset(playing, reset_seeds[:begun])
    while len(playing):
        if should_stop():
            raise Stopped
        obs, rewards, terminated, cut = lanes.step(playing, act(obs, episode))
        returns[episode] += rewards
        lengths[episode] += 1
        ended = terminated | cut
        if not ended.any():
            continue
        truncated[episode] = cut & ~terminated
        for row in np.flatnonzero(ended):
            if begun < len(numbers):
                obs[row : row + 1] = lanes.reset(
                    playing[row : row + 1], reset_seeds[begun : begun + 1]
                )
                episode[row], ended[row] = begun, False
                begun += 1
        playing, episode, obs = playing[~ended], episode[~ended], obs[~ended]
        watch(begun - len(playing))
    return Evaluation(returns, lengths, truncated)


class _Acting:
    """The actions of a policy for the lanes of some episodes."""

    def __init__(
        self, policy: Policy, seeds: Seeds, numbers: Array, action: ActionSpec | None
    ) -> None:
        self._action = action
        self._policy, self._together = policy, getattr(policy, "independent_lanes", False)
        stream = seeds.child("actions")
        used = numbers[:1] if self._together else numbers
        self._rngs = [stream.generator(int(number)) for number in used]

    def __call__(self, obs: Array, episode: Array) -> Array:
        actions = self._of_lanes(obs, episode)
        # Some environments play another action in place of one that they do not have.
        wrong = None if self._action is None else self._action.wrong(actions, len(obs))
        if wrong is not None:
            raise RunError(f"policy().act: gives {wrong}")
        return actions

    def _of_lanes(self, obs: Array, episode: Array) -> Array:
        act = self._policy.act
        if self._together:
            return act(obs, self._rngs[0])
        rows = enumerate(episode.tolist())
        return np.concatenate([act(obs[row : row + 1], self._rngs[i]) for row, i in rows])


def settled_after(
    returns: Array, episodes: int, threshold: float, bounds: tuple[float, float]
) -> int | None:
    """How many of `returns` settle whether the mean return of `episodes` episodes, of which they
    are the first, is at least `threshold`, whatever the others come to; None: they do not.

    bounds: the least and the largest return that an episode can have.
    """
    left = episodes - np.arange(1, len(returns) + 1)
    total, goal, (low, high) = np.cumsum(returns), episodes * threshold, bounds
    settled = np.flatnonzero((total + left * low >= goal) | (total + left * high < goal))
    return int(settled[0]) + 1 if len(settled) else None


def check_policy(policy: Policy, facts: EnvFacts) -> None:
    """Raise ConfigError where a policy does not take an environment's observations, or gives
    actions that it does not take."""
    shape, action = facts.observation_shape, facts.action
    takes = getattr(getattr(policy, "network", None), "observation_shape", None)
    gives = f"a policy for {facts.id}, which observes {_shape(shape)}"
    if takes is not None and takes != shape:
        raise ConfigError("policy", f"one that takes {_shape(takes)}", gives)
    if not callable(getattr(policy, "act", None)):
        raise ConfigError("policy", policy, "an object with `act`, as `load_policy` gives")
    obs = np.zeros((1, *shape), facts.observation_dtype)
    try:
        actions = policy.act(obs, np.random.default_rng(0))
    except (ValueError, IndexError, TypeError) as error:
        raise ConfigError("policy", f"one that fails on it ({error})", gives) from error
    wrong = action.wrong(actions, 1)
    if wrong is not None:
        values = f"with {action.nvec} choices" if action.nvec else f"of {action.dimensions} numbers"
        raise ConfigError(
            "policy", f"one that gives {wrong}", f"a policy for {facts.id}: actions {values}"
        )


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]} numbers"
    return f"{shape[0]} images of {shape[1]} x {shape[2]} pixels"


def schedule(settings: EvalSchedule, begin: float = 0) -> Iterator[int]:
    """The env_steps at which evaluations may fall due (see `EvalSchedule`), from `begin` on."""
    if begin <= 0:
        yield 0
    point = float(min(settings.first_steps, settings.every_steps))
    while True:
        gap = min(max(1.0, point * (settings.growth - 1)), settings.every_steps)
        if round(point) >= begin:
            yield round(point)
        elif gap == settings.every_steps:  # evenly from here on
            point += gap * ((begin - point) // gap)
        point += gap
