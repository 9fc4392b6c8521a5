"""Who acts for DQN: one actor in the run's own process, or several on the workers of an executor
(`rounds`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from rlbench.agents.dqn.actor import Ended
from rlbench.agents.dqn.memory import Experience
from rlbench.agents.dqn.player import Player
from rlbench.interfaces import Array, State
from rlbench.nets.network import Network


class Played(NamedTuple):
    """What all actors have played. steps: of each lane; experience: None where there are none."""

    steps: int
    experience: Experience | None
    ended: Ended


class Acting(Protocol):
    """All actors of a run. They step together: each has always played as many steps as the others.

    obs: the current observations of all lanes, one actor's after another's.
    """

    @property
    def obs(self) -> Array: ...

    def act_with(self, parameters: Array) -> None:
        """From now on, act with these parameters [size]."""
        ...

    def play(self, steps: int, should_stop: Callable[[], bool]) -> Played:
        """Step every lane, at most `steps` times; fewer where `should_stop()` becomes true, or
        where whoever asks can look at more between two calls."""
        ...

    def get_state(self) -> list[State]:
        """Where each actor stands."""
        ...

    def set_state(self, states: list[State]) -> None:
        """Raises RunError where an environment does not repeat itself."""
        ...


class LocalActor:
    """One actor in the run's own process. It plays a step a call."""

    def __init__(self, player: Player, network: Network) -> None:
        self._player, self._network = player, network

    @property
    def obs(self) -> Array:
        return self._player.obs

    def act_with(self, parameters: Array) -> None:
        self._layers = self._network.layers(parameters)

    def play(self, steps: int, should_stop: Callable[[], bool]) -> Played:
        _, ended, experience = self._player.step(self._layers)
        return Played(1, experience, ended)

    def get_state(self) -> list[State]:
        return [self._player.get_state()]

    def set_state(self, states: list[State]) -> None:
        (state,) = states
        self._player.set_state(state)
