"""The episodes of one task's members, played in lock-step (for the words see `population`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlbench.agents.es.members import Members
from rlbench.interfaces import Array, Lanes, Stopped
from rlbench.nets.heads import Head
from rlbench.nets.policy import normalise

COMPACT_BELOW = 0.75  # of the stacked members still playing; copying their parameters then pays
CHEAP_BYTES = 2**18  # parameters of so few bytes are copied whenever a member has finished
SUMMED_TOGETHER = 64  # lock-steps

# Actions [p, E] or [p, E, D] for observations [p, E, *obs] of the lanes that are alive [p, E].
Act = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class TaskResult:
    """What the members of a task came to.

    returns: [members], means over a member's episodes. env_steps, episodes: played. capped: how
    many of the episodes the cap broke off. obs_sums: for each member the sum and the sum of
    squares [members, obs] and the number [members] of the observations it saw; None without
    normalisation.
    """

    returns: Array
    env_steps: int
    episodes: int
    capped: int
    obs_sums: tuple[Array, Array, Array] | None


def play_episodes(
    slots: Slots,
    act: Act,
    sums: ObservationSums | None,
    cap: int | None,
    should_stop: Callable[[], bool],
) -> TaskResult:
    """Play on until no member is left.

    cap: steps after which an episode is broken off, with the return that it has until then.
    should_stop: asked between two lock-steps; raises Stopped once it is true.
    """
    members, episodes = slots.seeds.shape
    returns = np.zeros(members * episodes)
    env_steps, capped = 0, 0
    while True:
        if should_stop():
            raise Stopped
        if sums is not None:
            sums.add(slots.obs, slots.stack, slots.alive)
        rewards, ended = slots.step(act(slots.obs, slots.alive))
        returns[slots.earning] += rewards
        env_steps += len(rewards)
        if cap is not None:
            over = (slots.ages() >= cap) & ~ended
            capped += int(np.count_nonzero(over))
            ended |= over
        if not np.count_nonzero(ended):  # quicker than any(), and this runs at every step
            continue
        if sums is not None:
            sums.flush()
        if not slots.leave(ended):
            break
    return TaskResult(
        returns.reshape(members, episodes).mean(axis=1),
        env_steps,
        members * episodes,
        capped,
        None if sums is None else sums.result(),
    )


class Acting:
    """From observations to actions: normalisation, the members' networks, the head.

    obs_mean, obs_std: [obs], or None where observations go in as they are. shape: [slots, E] of the
    stack at its largest.
    """

    def __init__(
        self,
        members: Members,
        head: Head,
        obs_mean: Array | None,
        obs_std: Array | None,
        shape: tuple[int, ...],
    ) -> None:
        self._members, self._head = members, head
        self._statistics: tuple[Array, Array] | None = None
        if obs_mean is not None and obs_std is not None:
            # Repeated for every lane: NumPy goes through arrays of one shape in one loop.
            repeats = (*shape, 1)
            self._statistics = (np.tile(obs_mean, repeats), np.tile(obs_std, repeats))

    def __call__(self, obs: Array, alive: Array) -> Array:
        if self._statistics is not None:
            mean, std = self._statistics
            obs = normalise(obs, mean[: len(obs)], std[: len(obs)])
        return self._head(self._members.outputs(obs, alive))


class Slots:
    """Who plays where. A member that has finished gives its slot to the next one that waits; when
    none is left, the slot leaves the stack.

    seeds: [P, E] reset seeds of the members' episodes. count: slots, of E lanes each, at most P.
    keeps_obs: whether somebody keeps the observations that were given, so that they must not be
    overwritten.

    stack: [p] the members that play, one a slot. obs: [p, E, *obs]. alive: [p, E] lanes whose
    episode goes on. earning: [playing] places of the lanes that step in an array of P x E episodes.
    """

    def __init__(
        self, lanes: Lanes, members: Members, seeds: Array, count: int, *, keeps_obs: bool
    ) -> None:
        self.seeds = seeds
        self._lanes, self._members, self._keeps_obs = lanes, members, keeps_obs
        self._slots = self.stack = np.arange(count)
        self._begun = np.zeros(count, np.int64)  # the lock-step after which each member began
        self._steps = 0  # lock-steps so far
        self._waiting = count  # the first member that has not begun
        if count < len(seeds):
            members.select(self.stack)
        self.alive = np.ones((count, seeds.shape[1]), np.bool_)
        self.obs = self._reset(self._slots, self.stack)
        self._find_playing()

    def step(self, actions: Array) -> tuple[Array, Array]:
        """Step all lanes that play; rewards [playing], and whether their episodes ended."""
        flat = actions.reshape(-1, *actions.shape[2:])
        obs, rewards, terminated, truncated = self._lanes.step(
            self._playing, flat if self._whole else flat[self.alive.ravel()]
        )
        self._steps += 1
        if self._whole:
            self.obs = obs.reshape(self.obs.shape)
        else:
            self.obs = self.obs.copy() if self._keeps_obs else self.obs
            self.obs[self.alive] = obs
        return rewards, terminated | truncated

    def ages(self) -> Array:
        """Steps [playing] that the current episodes have lasted."""
        ages: Array = np.repeat(self._steps - self._begun, self.alive.shape[1])
        playing: Array = ages[self.alive.ravel()]
        return playing

    def leave(self, ended: Array) -> bool:
        """Lanes whose episode has `ended` [playing] stop; whether any member plays on."""
        self.alive[self.alive] = ~ended
        busy: Array = np.logical_or.reduce(self.alive, axis=1)
        if self._waiting < len(self.seeds):
            self._seat(busy)
        left = np.count_nonzero(busy)
        if left == 0:
            return False
        cheap = left * self._members.copied_bytes <= CHEAP_BYTES
        if left < len(busy) and (cheap or left <= COMPACT_BELOW * len(busy)):
            self._compact(busy)
        self._find_playing()
        return True

    def _seat(self, busy: Array) -> None:
        """Give slots that are not `busy` [p] to members that wait; busy follows."""
        free = np.flatnonzero(~busy)[: len(self.seeds) - self._waiting]
        if not len(free):
            return
        self.stack = self.stack.copy()
        self.stack[free] = np.arange(self._waiting, self._waiting + len(free))
        self._waiting += len(free)
        self._members.select(self.stack)
        self.obs[free] = self._reset(self._slots[free], self.stack[free])
        self._begun[free], self.alive[free], busy[free] = self._steps, True, True

    def _compact(self, busy: Array) -> None:
        """Take slots that are not `busy` [p] out of the stack."""
        self._slots, self.stack = self._slots[busy], self.stack[busy]
        self._begun, self.alive, self.obs = self._begun[busy], self.alive[busy], self.obs[busy]
        self._members.select(self.stack)

    def _reset(self, slots: Array, members: Array) -> Array:
        """First observations [n, E, *obs] of `members` [n], who begin in `slots` [n]."""
        seeds = self.seeds[members]
        obs = self._lanes.reset(self._lanes_of(slots).ravel(), seeds.ravel())
        return obs.reshape(*seeds.shape, *obs.shape[1:])

    def _find_playing(self) -> None:
        self._playing = self._lanes_of(self._slots)[self.alive]
        self.earning = self._lanes_of(self.stack)[self.alive]
        self._whole = len(self._playing) == self.alive.size  # every lane of the stack plays

    def _lanes_of(self, slots: Array) -> Array:
        """The lanes [n, E] of `slots` [n]."""
        episodes = self.seeds.shape[1]
        lanes: Array = slots[:, None] * episodes + np.arange(episodes)
        return lanes


class ObservationSums:
    """Adds up each member's observations, many lock-steps at a time: adding them up one by one
    costs more than a network. What is given is kept until `flush`, which has to be called before
    `stack` or `alive` change.
    """

    def __init__(self, shape: tuple[int, ...], size: int) -> None:
        """shape: [P, E] of the members' episodes. size: of an observation."""
        self._sums = np.zeros((2, *shape, size))  # of observations, of their squares
        self._count = np.zeros(shape[0], np.int64)
        self._waiting: list[Array] = []

    def add(self, obs: Array, stack: Array, alive: Array) -> None:
        """obs: [p, E, obs] of the members `stack` [p]; only lanes that are `alive` [p, E] count."""
        self._stack, self._alive = stack, alive
        self._waiting.append(obs)
        if len(self._waiting) == SUMMED_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Bring the sums up to the last observations given."""
        if not self._waiting:
            return
        stack, alive = self._stack, self._alive
        obs = np.array(self._waiting, np.float64) * alive[..., None]  # [k, p, E, obs]
        self._waiting = []
        self._count[stack] += len(obs) * np.count_nonzero(alive, axis=1)
        for sums, terms in zip(self._sums, (obs, np.square(obs)), strict=True):
            # One after another, as a sum cut elsewhere would round otherwise, and where it is cut
            # depends on when other members finish. NumPy adds rows so, but halves a single column.
            terms[0] += sums[stack]
            column = terms[0].size == 1
            sums[stack] = np.add.accumulate(terms)[-1] if column else np.add.reduce(terms)

    def result(self) -> tuple[Array, Array, Array]:
        """Sums and sums of squares [P, obs] and numbers [P] of the observations given."""
        total, squares = self._sums.sum(axis=2)
        return total, squares, self._count
