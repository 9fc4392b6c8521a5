"""What DQN remembers: actors collect steps, the learner's memory gives minibatches of transitions.

An actor's collector turns each step of its lanes into experience. Experience of several steps can
be joined, and that of several actors merged, so that it is sent and stored at once: the memory
comes to the same as if it had been added step by step, all actors' lanes side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self

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


class Experience(Protocol):
    """What lanes have come to in some steps."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """That of the same lanes in steps which follow each other; at least one part."""
        ...

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """That of all actors' lanes side by side in the same steps; at least one part."""
        ...


class Collector(Protocol):
    """Turns an actor's steps into experience."""

    def collect(self, step: Step) -> Any:
        """The `Experience` of one step."""
        ...

    def get_state(self) -> State | None: ...

    def set_state(self, state: State | None) -> None: ...


class Memory(Protocol):
    """Rows name transitions until the next `add`."""

    def begin(self, lanes: Array, obs: Array) -> None:
        """Episodes begin in `lanes` [n] with `obs` [n, *obs]; only before the first `add`."""
        ...

    def add(self, experience: Any) -> None:
        """Remember experience of all lanes."""
        ...

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        """Rows [K, B] of transitions, with replacement."""
        ...

    def gather(self, rows: Array) -> Transitions:
        """The transitions [K, B, ...] in `rows` [K, B]."""
        ...

    def get_state(self) -> State: ...

    def set_state(self, state: State) -> None: ...


class Completed(NamedTuple):
    """Experience of whole observations: the transitions that steps have completed.

    transitions: [m, ...]. counts: how many of them each step has completed, in order. errors: their
    TD errors [m] float32 by the parameters that acted, or None where nobody asks for them.
    """

    transitions: Transitions
    counts: tuple[int, ...]
    errors: Array | None = None

    @classmethod
    def joined(cls, parts: Sequence[Completed]) -> Completed:
        """See `Experience.joined`. The numbers become those that a replay keeps."""
        columns = [np.concatenate(column) for column in zip(*(p[0] for p in parts), strict=True)]
        counts = tuple(count for part in parts for count in part.counts)
        obs_tm1, actions, rewards, discounts, obs_t = columns
        small = rewards.astype(np.float32), discounts.astype(np.float32)
        return cls(Transitions(obs_tm1, actions, *small, obs_t), counts, _errors(parts))

    @classmethod
    def merged(cls, parts: Sequence[Completed]) -> Completed:
        """See `Experience.merged`: in the order of steps, and within a step of actors."""
        if len(parts) == 1:
            return parts[0]
        counts = np.array([part.counts for part in parts])  # [actors, steps]
        steps = np.concatenate([np.repeat(np.arange(len(row)), row) for row in counts])
        order = np.argsort(steps, kind="stable")
        columns = zip(*(part.transitions for part in parts), strict=True)
        ordered = Transitions(*(np.concatenate(column)[order] for column in columns))
        errors = _errors(parts)
        return cls(
            ordered, tuple(counts.sum(axis=0).tolist()), None if errors is None else errors[order]
        )


def _errors(parts: Sequence[Completed]) -> Array | None:
    errors = [part.errors for part in parts if part.errors is not None]
    return np.concatenate(errors) if errors else None


class NStepCollector:
    """Whole observations: n-step transitions are put together as they happen."""

    def __init__(self, assembler: NStepAssembler) -> None:
        self._assembler = assembler

    def collect(self, step: Step) -> Completed:
        transitions = self._assembler.push(
            step.obs_tm1,
            step.actions_tm1,
            step.rewards_t,
            step.obs_t,
            step.terminated,
            step.truncated,
        )
        return Completed(transitions, (len(transitions.rewards_t),))

    def get_state(self) -> State | None:
        return self._assembler.get_state()

    def set_state(self, state: State | None) -> None:
        assert state is not None
        self._assembler.set_state(state)


class VectorMemory:
    """Transitions of whole observations."""

    def __init__(self, replay: Replay, priorities: Priorities | None) -> None:
        self._replay, self._priorities = replay, priorities

    def begin(self, lanes: Array, obs: Array) -> None:
        """Nothing to do: each transition brings both its observations."""

    def add(self, experience: Completed) -> None:
        transitions, errors, capacity = (
            experience.transitions,
            experience.errors,
            self._replay.capacity,
        )
        for start in range(0, len(transitions.rewards_t), capacity):  # rarely more than once
            some = slice(start, start + capacity)
            rows = self._replay.add(Transitions(*(column[some] for column in transitions)))
            if self._priorities is not None:
                own = None if errors is None else errors[some]
                self._priorities.add(np.arange(capacity)[rows], own)

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
        if self._priorities is not None:
            return self._priorities.draw(rng, shape)
        return self._replay.draw(rng, shape)

    def gather(self, rows: Array) -> Transitions:
        return self._replay.gather(rows)

    def get_state(self) -> State:
        state: State = {"replay": self._replay.get_state()}
        if self._priorities is not None:
            state["priorities"] = self._priorities.get_state()
        return state

    def set_state(self, state: State) -> None:
        self._replay.set_state(state["replay"])
        if self._priorities is not None:
            self._priorities.set_state(state["priorities"])
