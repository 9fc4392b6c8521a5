"""What DQN remembers, as its agent sees it: steps go in, minibatches of transitions come out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.priorities import Priorities
from rlbench.agents.dqn.replay import Replay, Transitions
from rlbench.interfaces import Array, State


class Step(NamedTuple):
    """One step of all N lanes; obs_t of an ended episode is its last observation."""

    obs_tm1: Array  # [N, *obs]
    actions_tm1: Array  # [N, D] choices
    rewards_t: Array  # [N]
    obs_t: Array  # [N, *obs]
    terminated: Array  # [N]
    truncated: Array  # [N]
    begun: Array  # [N] whether the episode ended, so that obs_next is the first of another
    obs_next: Array  # [N, *obs] obs_t, or where an episode begins its first observation
    lost_life: Array  # [N] whether an episode that may go on has fewer lives left than before


class Memory(Protocol):
    """Rows name transitions until the next `add`."""

    def begin(self, lanes: Array, obs: Array) -> None:
        """Episodes begin in `lanes` [n] with `obs` [n, *obs]; only before the first `add`."""
        ...

    def add(self, step: Step) -> None: ...

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """Rows [K, B] of transitions, with replacement."""
        ...

    def gather(self, rows: Array) -> Transitions:
        """The transitions [K, B, ...] in `rows` [K, B]."""
        ...

    def get_state(self) -> State: ...

    def set_state(self, state: State) -> None: ...


class VectorMemory:
    """Flat observations: n-step transitions are put together as they happen, and kept whole."""

    def __init__(
        self, assembler: NStepAssembler, replay: Replay, priorities: Priorities | None
    ) -> None:
        self._assembler, self._replay, self._priorities = assembler, replay, priorities

    def begin(self, lanes: Array, obs: Array) -> None:
        """Nothing to do: each step brings both its observations."""

    def add(self, step: Step) -> None:
        transitions = self._assembler.push(
            step.obs_tm1,
            step.actions_tm1,
            step.rewards_t,
            step.obs_t,
            step.terminated,
            step.truncated,
        )
        rows = self._replay.add(transitions)
        if self._priorities is not None:
            self._priorities.add(np.arange(self._replay.capacity)[rows])

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        if self._priorities is not None:
            return self._priorities.draw(rng, shape)
        return self._replay.draw(rng, shape)

    def gather(self, rows: Array) -> Transitions:
        return self._replay.gather(rows)

    def get_state(self) -> State:
        state = {"replay": self._replay.get_state(), "window": self._assembler.get_state()}
        if self._priorities is not None:
            state["priorities"] = self._priorities.get_state()
        return state

    def set_state(self, state: State) -> None:
        self._replay.set_state(state["replay"])
        self._assembler.set_state(state["window"])
        if self._priorities is not None:
            self._priorities.set_state(state["priorities"])
