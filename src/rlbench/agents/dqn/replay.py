"""Uniform experience replay of whole observations (Lin 1992; Mnih et al. 2015)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import psutil

from rlbench import container
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, State
from rlbench.saving import Rows

CAPACITY_KEY = "agent.replay_capacity_steps"
MEMORY_SHARE = 0.9  # of what the system says is available; the rest is for everything else


class Transitions(NamedTuple):
    """n-step transitions, with any leading shape ([m] when stored, [K, B] when learned from).

    obs_tm1, obs_t: [..., *obs]. actions_tm1: [..., D] int32, choices per dimension.
    rewards_t: [...] float32, the discounted sum of the n rewards. discounts_t: [...] float32, the
    weight of the bootstrap value at obs_t: discount**n, and 0 where the episode terminated.
    """

    obs_tm1: Array
    actions_tm1: Array
    rewards_t: Array
    discounts_t: Array
    obs_t: Array


class Replay:
    """A ring buffer of the last `capacity` transitions.

    observation_shape, dtype: of one observation.
    Raises ConfigError where the memory it will come to hold is not available.
    """

    def __init__(
        self,
        capacity: int,
        observation_shape: tuple[int, ...],
        action_dimensions: int,
        dtype: type[np.generic] = np.float32,
    ) -> None:
        row_bytes = self.bytes_per_transition(observation_shape, action_dimensions, dtype)
        check_memory(capacity, row_bytes)
        self.capacity = capacity
        self.size = self._next = 0
        self._added = 0  # ever
        self._data = Transitions(
            obs_tm1=np.zeros((capacity, *observation_shape), dtype),
            actions_tm1=np.zeros((capacity, action_dimensions), np.int32),
            rewards_t=np.zeros(capacity, np.float32),
            discounts_t=np.zeros(capacity, np.float32),
            obs_t=np.zeros((capacity, *observation_shape), dtype),
        )

    @staticmethod
    def bytes_per_transition(
        observation_shape: tuple[int, ...],
        action_dimensions: int,
        dtype: type[np.generic] = np.float32,
    ) -> int:
        """Bytes that one stored transition takes."""
        observation = math.prod(observation_shape) * np.dtype(dtype).itemsize
        return 2 * observation + 4 * (action_dimensions + 2)

    def add(self, transitions: Transitions) -> slice | Array:
        """Store `transitions` [m], m at most the capacity, over the oldest ones; their rows."""
        m = len(transitions.rewards_t)
        end = self._next + m
        # A slice where the ring does not wrap: this runs at every step.
        rows: slice | Array = slice(self._next, end)
        if end > self.capacity:
            rows = np.arange(self._next, end) % self.capacity
        for column, values in zip(self._data, transitions, strict=True):
            column[rows] = values
        self._next, self._added = end % self.capacity, self._added + m
        self.size = min(self.size + m, self.capacity)
        return rows

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Rows [*shape] of transitions, uniform and with replacement."""
        return rng.integers(0, self.size, shape)

    def gather(self, rows: Array) -> Transitions:
        """The transitions in `rows`, with the leading shape of these."""
        return Transitions(*(column.take(rows, axis=0) for column in self._data))

    def get_state(self) -> State:
        """No copy: it holds until the next step."""
        return {"rows": Rows(self._data._asdict(), self._added, self.size)}

    def set_state(self, state: State) -> None:
        """Take up `state`; raises ValueError where it holds other rows, or too many."""
        rows = state["rows"]
        rows.copy_to(self._data._asdict())
        self.size, self._added = rows.kept, rows.end
        self._next = self._added % self.capacity


def check_memory(capacity: int, row_bytes: int) -> None:
    """Raises ConfigError where `capacity` transitions of `row_bytes` do not fit in what is free,
    and says what would."""
    free, left = psutil.virtual_memory().available, container.memory_left_bytes()
    available = int((free if left is None else min(free, left)) * MEMORY_SHARE)
    if capacity * row_bytes > available:
        raise ConfigError(
            CAPACITY_KEY,
            capacity,
            f"at most {available // row_bytes} here: each transition takes {row_bytes} bytes, "
            f"all of them {capacity * row_bytes / 2**20:.0f} MB, "
            f"and {available / 2**20:.0f} MB are free",
        )
