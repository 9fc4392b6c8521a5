"""Replay of stacked frames: each frame is kept once, stacks are put together when drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlbench.agents.dqn.memory import Step
from rlbench.agents.dqn.priorities import Priorities
from rlbench.agents.dqn.replay import Transitions, check_memory
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.saving import Rows

# What followed the action at a frame. NOTHING: no action was taken at it.
NOTHING, WENT_ON, TERMINATED, TRUNCATED = range(4)
DRAWS_AT_MOST = 1000


class FrameSteps(NamedTuple):
    """Experience of K steps of N lanes of frames: of each observation only what is new.

    The first stacks of episodes are in the order of steps, and within a step of lanes.
    """

    frames: Array  # [K, N, height, width] uint8, the newest of each observation
    actions: Array  # [K, N, D] int32 choices
    rewards: Array  # [K, N] float32
    outcomes: Array  # [K, N] uint8, what followed the action
    begun: Array  # [K, N] whether another episode begins after the step
    firsts: Array  # [episodes, F, height, width] uint8

    @classmethod
    def joined(cls, parts: Sequence[FrameSteps]) -> FrameSteps:
        """See `Experience.joined`."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    @classmethod
    def merged(cls, parts: Sequence[FrameSteps]) -> FrameSteps:
        """See `Experience.merged`."""
        if len(parts) == 1:
            return parts[0]
        *columns, firsts = zip(*parts, strict=True)
        steps = np.concatenate([np.nonzero(part.begun)[0] for part in parts])
        order = np.argsort(steps, kind="stable")
        together = [np.concatenate(column, axis=1) for column in columns]
        frames, actions, rewards, outcomes, begun = together
        return cls(frames, actions, rewards, outcomes, begun, np.concatenate(firsts)[order])


class FrameCollector:
    """Takes what is new from stacked frames."""

    def collect(self, step: Step) -> FrameSteps:
        """Raises RunError where frames are not stacked as `FrameMemory` keeps them."""
        if not np.array_equal(step.obs_tm1[:, 1:], step.obs_t[:, :-1]):
            raise RunError("frames are not stacked as DQN keeps them: a step must add one frame")
        outcomes = np.where(step.truncated, TRUNCATED, WENT_ON)
        outcomes = np.where(step.terminated, TERMINATED, outcomes).astype(np.uint8)
        return FrameSteps(
            frames=step.obs_t[None, :, -1].copy(),
            actions=step.actions_tm1[None].astype(np.int32),
            rewards=step.rewards_t[None].astype(np.float32),
            outcomes=outcomes[None],
            begun=step.begun[None],
            firsts=step.obs_next[step.begun],
        )

    def get_state(self) -> State | None:
        """Nothing: n-step transitions are put together when they are drawn."""
        return None

    def set_state(self, state: State | None) -> None:
        pass


class FrameMemory:
    """A ring of `capacity` frames in all, split evenly over N lanes.

    A lane's ring holds its frames in the order seen: the whole first stack of each episode, then
    the newest frame of every observation, the last one of an ended episode included. So the
    stack of any observation is the F frames up to its own, byte for byte as the lanes gave it, and
    none reaches across an episode's start. A step takes one frame, an episode F more. With each
    frame lies what was done at it and what followed; n-step transitions are put together when
    they are drawn, by the rules of `NStepAssembler`.

    shape: (F, height, width) of an observation, uint8.
    Raises ConfigError where the memory it will come to hold is not available.
    """

    def __init__(
        self,
        capacity: int,
        shape: tuple[int, ...],
        *,
        num_lanes: int,
        action_dimensions: int,
        n_step: int,
        discount: float,
        priorities: Priorities | None = None,
    ) -> None:
        row_bytes = self.bytes_per_step(shape, action_dimensions)
        if priorities is not None:
            row_bytes += priorities.bytes_per_row()
        check_memory(capacity, row_bytes)
        self._shape, self._n = shape, n_step
        self._powers = discount ** np.arange(n_step + 1)
        self._slots = capacity // num_lanes
        rings = (num_lanes, self._slots)
        # The system gives pages of zeros when they are first written to.
        self._frames = np.zeros((*rings, *shape[1:]), np.uint8)
        self._actions = np.zeros((*rings, action_dimensions), np.int32)
        self._rewards = np.zeros(rings, np.float32)
        self._outcomes = np.zeros(rings, np.uint8)
        # Absolute numbers of frames, of which a ring keeps the last ones, per lane [N]: the current
        # observation's, and the first whose transition still lacks steps.
        self._heads = np.full(num_lanes, -1, np.int64)
        self._open = np.zeros(num_lanes, np.int64)
        # So many of the oldest frames of a ring are not drawn: their stacks lack their beginnings.
        self._ahead = shape[0] - 1
        self._all = np.arange(num_lanes)
        self._priorities = priorities

    @staticmethod
    def bytes_per_step(shape: tuple[int, ...], action_dimensions: int) -> int:
        """Bytes that one step takes, beside the priorities."""
        return math.prod(shape[1:]) + 4 * action_dimensions + 4 + 1

    def begin(self, lanes: Array, obs: Array) -> None:
        """Episodes begin in `lanes` [n] with `obs` [n, F, height, width]."""
        for frame in np.moveaxis(obs, 1, 0):
            self._write(lanes, frame)
        self._open[lanes] = self._heads[lanes]

    def add(self, experience: FrameSteps) -> None:
        """Steps of all lanes."""
        *columns, firsts = experience
        used = 0
        for frames, actions, rewards, outcomes, begun in zip(*columns, strict=True):
            self._add(frames, actions, rewards, outcomes)
            lanes = np.flatnonzero(begun)
            if len(lanes):
                self.begin(lanes, firsts[used : used + len(lanes)])
                used += len(lanes)

    def _add(self, frames: Array, actions: Array, rewards: Array, outcomes: Array) -> None:
        """One step of every lane."""
        rings = (self._all, self._heads % self._slots)
        self._outcomes[rings] = outcomes
        self._actions[rings], self._rewards[rings] = actions, rewards
        self._write(self._all, frames)
        ended = outcomes != WENT_ON
        complete_to = np.where(ended, self._heads, self._heads - self._n + 1)
        complete_to = np.maximum(complete_to, self._open)
        if self._priorities is not None:
            self._priorities.add(self._rows(self._open, complete_to))
        self._open = complete_to

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """Rows [K, B] of complete transitions, with replacement: uniform, or by priority."""
        if self._priorities is not None:
            return self._priorities.draw(rng, shape)
        first = np.maximum(self._heads - self._slots + 1 + self._ahead, self._shape[0] - 1)
        counts = np.maximum(self._open - first, 0)
        ends = np.cumsum(counts)
        rows = np.empty(math.prod(shape), np.int64)
        missing = np.arange(len(rows))
        # A number of each lane's range; what falls on a frame without an action is drawn again.
        for _ in range(DRAWS_AT_MOST):
            number = rng.integers(0, ends[-1], len(missing)) if ends[-1] else missing[:0]
            lanes = np.searchsorted(ends, number, side="right")
            slots = (first[lanes] + number - (ends[lanes] - counts[lanes])) % self._slots
            good = self._outcomes[lanes, slots] != NOTHING
            rows[missing[: len(number)][good]] = (lanes * self._slots + slots)[good]
            missing = np.concatenate([missing[: len(number)][~good], missing[len(number) :]])
            if not len(missing):
                drawn: Array = rows.reshape(shape)
                return drawn
        raise RunError("the replay holds next to nothing to learn from: episodes of no steps?")

    def gather(self, rows: Array) -> Transitions:
        """The transitions in `rows` [K, B]; observations are uint8 [K, B, F, height, width]."""
        lanes, slots = np.divmod(rows, self._slots)
        rewards = np.zeros(rows.shape)
        lengths = np.zeros(rows.shape, np.int64)
        going = np.ones(rows.shape, np.bool_)
        terminated = np.zeros(rows.shape, np.bool_)
        for k in range(self._n):
            rings = (lanes, (slots + k) % self._slots)
            rewards += np.where(going, self._powers[k] * self._rewards[rings], 0.0)
            lengths += going
            outcomes = self._outcomes[rings]
            terminated |= going & (outcomes == TERMINATED)
            going &= outcomes == WENT_ON
        return Transitions(
            obs_tm1=self._stacks(lanes, slots),
            actions_tm1=self._actions[lanes, slots],
            rewards_t=rewards.astype(np.float32),
            discounts_t=np.where(terminated, 0.0, self._powers[lengths]).astype(np.float32),
            obs_t=self._stacks(lanes, slots + lengths),
        )

    def get_state(self) -> State:
        """The arrays are no copies, as they may be most of the memory there is: they hold until the
        next step. The newest frame of a lane is apart, as what is done at it is still to come."""
        newest = (self._all, self._heads % self._slots)
        state: State = {
            "rows": [
                Rows(self._columns(lane), head, min(head, self._slots - 1))
                for lane, head in enumerate(self._heads.tolist())
            ],
            "newest": self._frames[newest],
            "heads": self._heads.copy(),
            "open": self._open.copy(),
        }
        if self._priorities is not None:
            state["priorities"] = self._priorities.get_state()
        return state

    def set_state(self, state: State) -> None:
        self._outcomes[:] = NOTHING
        for lane, rows in zip(self._all.tolist(), state["rows"], strict=True):
            rows.copy_to(self._columns(lane))
        self._heads[:], self._open[:] = state["heads"], state["open"]
        newest = (self._all, self._heads % self._slots)
        self._frames[newest], self._outcomes[newest] = state["newest"], NOTHING
        if self._priorities is not None:
            self._priorities.set_state(state["priorities"])

    def _columns(self, lane: int) -> dict[str, Array]:
        """The ring of one lane."""
        return {
            "frames": self._frames[lane],
            "actions": self._actions[lane],
            "rewards": self._rewards[lane],
            "outcomes": self._outcomes[lane],
        }

    def _write(self, lanes: Array, frames: Array) -> None:
        """Write the next frame [n, height, width] of each of `lanes` [n]."""
        self._heads[lanes] += 1
        rings = (lanes, self._heads[lanes] % self._slots)
        self._frames[rings] = frames
        self._outcomes[rings] = NOTHING
        if self._priorities is not None:
            dying = (self._heads[lanes] + self._ahead) % self._slots
            self._priorities.remove(lanes * self._slots + dying)

    def _rows(self, first: Array, end: Array) -> Array:
        """Rows of all frames from the numbers `first` up to `end`, both [N], lane by lane."""
        counts = end - first
        lanes = np.repeat(self._all, counts)
        within = np.arange(len(lanes)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows: Array = lanes * self._slots + (first[lanes] + within) % self._slots
        return rows

    def _stacks(self, lanes: Array, slots: Array) -> Array:
        """Stacks [..., F, height, width] that end at `slots` [...] of `lanes` [...]."""
        frames = self._shape[0]
        numbers = (slots[..., None] + np.arange(1 - frames, 1)) % self._slots
        stacks: Array = self._frames[lanes[..., None], numbers]
        return stacks
