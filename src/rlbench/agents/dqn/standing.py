"""Where an actor stands that plays in another process."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlbench.agents.dqn.memory import Experience
from rlbench.agents.dqn.player import Player
from rlbench.interfaces import Array, State
from rlbench.nets.network import Layers

CHOICE_TYPE = np.int16  # a network has at most 4,096 outputs


class Segment(NamedTuple):
    """Steps in a row of one actor's L lanes, and where they have led to.

    ended: step, return and length of each episode that ended. returns, digest, window: see
    `Player`.
    """

    steps: int
    experience: Experience | None  # None where there are no steps
    choices: Array  # [steps, L, D]
    begun: Array  # [steps, L] whether the step was the last of an episode
    ended: list[tuple[int, float, int]]
    returns: Array  # [L]
    digest: str
    window: State | None


class Recording:
    """The segment that a player plays from now on."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self._parts: list[Experience] = []
        self._choices: list[Array] = []
        self._begun: list[Array] = []
        self._ended: list[tuple[int, float, int]] = []

    def step(self, layers: Layers) -> None:
        step, ended, experience = self.player.step(layers)
        for episode in zip(ended.returns, ended.lengths, strict=True):
            self._ended.append((len(self._parts), *episode))
        self._parts.append(experience)
        self._choices.append(step.actions_tm1)
        self._begun.append(step.begun)

    def segment(self) -> Segment:
        parts, none = self._parts, np.empty(0)
        return Segment(
            len(parts),
            type(parts[0]).joined(parts) if parts else None,
            np.array(self._choices, CHOICE_TYPE) if parts else none,
            np.array(self._begun) if parts else none,
            self._ended,
            self.player.returns.copy(),
            self.player.digest(),
            self.player.window(),
        )


class Standing:
    """Where an actor stands: all that another process needs to know to go on in its place.

    segment: its first one, of no steps.
    """

    def __init__(self, segment: Segment) -> None:
        lanes = len(segment.returns)
        self.steps, self._episodes = 0, [0] * lanes
        self._choices: list[list[Array]] = [[] for _ in range(lanes)]  # since each lane's reset
        self._newest = segment

    def add(self, segment: Segment) -> None:
        """The actor has played on."""
        self.steps += segment.steps
        self._newest = segment._replace(experience=None)
        if not segment.steps:
            return
        for lane, begun in enumerate(segment.begun.T):
            ends = np.flatnonzero(begun)
            if len(ends):
                self._episodes[lane] += len(ends)
                self._choices[lane] = []
            since = ends[-1] + 1 if len(ends) else 0
            self._choices[lane].append(segment.choices[since:, lane])

    def get_state(self, dimensions: int) -> State:
        """The state of its player; `dimensions`: those of a choice."""
        played = [np.concatenate(part) if part else np.empty((0, 1)) for part in self._choices]
        choices = [own.reshape(-1, dimensions) for own in played]
        return {
            "steps": self.steps,
            "episodes": list(self._episodes),
            "returns": self._newest.returns,
            "lengths": [len(own) for own in choices],
            "choices": np.concatenate(choices).astype(np.int32),
            "digest": self._newest.digest,
            "window": self._newest.window,
        }

    def set_state(self, state: State) -> None:
        starts = np.cumsum(state["lengths"])[:-1]
        self.steps, self._episodes = int(state["steps"]), [int(n) for n in state["episodes"]]
        choices = np.array(state["choices"], CHOICE_TYPE)
        self._choices = [[own] for own in np.split(choices, starts)]
        self._newest = self._newest._replace(
            returns=np.array(state["returns"]), digest=str(state["digest"]), window=state["window"]
        )
