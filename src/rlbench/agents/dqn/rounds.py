"""Several actors on the workers of an executor, in rounds: all play so many steps with the same
parameters, then their experience goes to the learner in one order.

What is learned depends on the number of actors, never on how many workers there are, how fast each
is, or which of them plays which actor. As long as a worker lasts it keeps the environments of its
actors, so that only parameters go to it and only experience comes back. An actor whose worker is
gone, or is another, is brought to where it stood by playing its episodes again, uncounted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rlbench.agents.dqn.acting import Played
from rlbench.agents.dqn.actor import Ended
from rlbench.agents.dqn.memory import Experience
from rlbench.agents.dqn.player import ActorSetup, Player
from rlbench.agents.dqn.standing import Recording, Segment, Standing
from rlbench.interfaces import Array, Executor, State, Worker

SETUP, PLAYERS = "dqn setup", "dqn players"  # in the cache of a worker


class Round(NamedTuple):
    """What all tasks of one call share. restored: how often a state was set, since what was played
    before that is no longer where its actor stands. setup: None where workers have it already."""

    restored: int
    parameters: Array | None
    setup: ActorSetup | None


class Part(NamedTuple):
    """What is asked of one actor: to play on up to step `goal`.

    place: which of a worker's sets of lanes it plays on. steps: where it stands. state: for a
    worker that does not have it there; None: such a worker is to leave it.
    """

    number: int
    place: int
    steps: int
    goal: int
    state: State | None


def play(worker: Worker, shared: Round, parts: Sequence[Part]) -> list[Segment | None]:
    """The steps of some actors, or as many as there are until the worker is to stop; None for an
    actor that this worker does not have."""
    found = [_player(worker, shared, part) for part in parts]
    recordings = [None if player is None else Recording(player) for player in found]
    playing = [
        (recording, part.goal)
        for recording, part in zip(recordings, parts, strict=True)
        if recording is not None and part.steps < part.goal
    ]
    if playing:
        assert shared.parameters is not None
        layers = playing[0][0].player.network.layers(shared.parameters)
    while playing and not worker.should_stop():
        for recording, _ in playing:
            recording.step(layers)
        playing = [(one, goal) for one, goal in playing if one.player.steps < goal]
    return [None if recording is None else recording.segment() for recording in recordings]


def begin(worker: Worker, shared: Round, parts: Sequence[Part]) -> list[tuple[Segment, Array]]:
    """Build some actors: a segment of no steps and the first observations [L, *obs] of each."""
    players = [_player(worker, shared, part) for part in parts]
    return [(Recording(one).segment(), one.obs) for one in players if one is not None]


def _player(worker: Worker, shared: Round, part: Part) -> Player | None:
    """The actor, where it stands; None where this worker cannot know that."""
    if shared.setup is not None:
        worker.cache[SETUP] = shared.setup
    setup: ActorSetup | None = worker.cache.get(SETUP)
    players: dict[int, tuple[int, Player]] = worker.cache.setdefault(PLAYERS, {})
    restored, player = players.get(part.place, (shared.restored, None))
    if player is not None and player.number != part.number:
        player = None
    if player is not None and (restored, player.steps) == (shared.restored, part.steps):
        return player
    if setup is None or (part.state is None and part.steps > 0):
        return None
    players.pop(part.place, None)  # from here on its lanes are another's
    if player is None or part.state is None:
        lanes = worker.lanes(setup.settings.num_lanes, part.place)
        player = Player(lanes, setup, part.number)
    if part.state is not None:
        player.set_state(part.state)
    players[part.place] = shared.restored, player
    return player


class SpreadActors:
    """`setup.settings.actors` actors on the workers of `executor`."""

    def __init__(self, executor: Executor, setup: ActorSetup) -> None:
        assert setup.settings.actors is not None
        self._executor, self._setup = executor, setup
        self._numbers = range(setup.settings.actors)
        self._restored = 0
        self._parameters: Array | None = None
        shared = Round(self._restored, None, setup)
        tasks = self._tasks(0, dict.fromkeys(self._numbers, 0), {})
        begun = [one for part in executor.map(begin, tasks, shared) for one in part]
        self._standing = [Standing(segment) for segment, _ in begun]
        self._obs = np.concatenate([obs for _, obs in begun])

    @property
    def obs(self) -> Array:
        """The first observations of all lanes."""
        return self._obs

    def act_with(self, parameters: Array) -> None:
        self._parameters = parameters

    def play(self, steps: int, should_stop: Callable[[], bool]) -> Played:
        begun = self._standing[0].steps
        segments: list[list[Segment]] = [[] for _ in self._numbers]
        self._play_to(begun + steps, segments, should_stop)
        reached = max(standing.steps for standing in self._standing)
        if reached == begun and not should_stop():
            reached = begun + steps
        # Whoever was stopped before the others, or whose worker was gone, plays as far as they did.
        self._play_to(reached, segments, None)
        played = [[segment for segment in own if segment.steps] for own in segments]
        if reached == begun:
            return Played(0, None, Ended([], []))
        return Played(reached - begun, _experience(played), _ended(played))

    def get_state(self) -> list[State]:
        dimensions = len(self._setup.head.nvec)
        return [standing.get_state(dimensions) for standing in self._standing]

    def set_state(self, states: list[State]) -> None:
        self._restored += 1
        for standing, state in zip(self._standing, states, strict=True):
            standing.set_state(state)
        # The environments are built and played to where they were, which is no training.
        self._map(self._standing[0].steps, {n: states[n] for n in self._numbers}, None)

    def _play_to(
        self, goal: int, segments: list[list[Segment]], should_stop: Callable[[], bool] | None
    ) -> None:
        """Have those who are behind play up to step `goal`. Whoever may be stopped is not sent
        where it stands, as its worker mostly has it; the others are brought there."""
        behind = [n for n in self._numbers if self._standing[n].steps < goal]
        if not behind:
            return
        states = {}
        if should_stop is None:
            dimensions = len(self._setup.head.nvec)
            states = {n: self._standing[n].get_state(dimensions) for n in behind}
        for number, segment in self._map(goal, states, should_stop):
            self._standing[number].add(segment)
            segments[number].append(segment)

    def _map(
        self, goal: int, states: dict[int, State], should_stop: Callable[[], bool] | None
    ) -> list[tuple[int, Segment]]:
        """What actors have played, by their numbers."""
        setup = self._setup if states else None
        shared = Round(self._restored, self._parameters, setup)
        steps = {n: standing.steps for n, standing in enumerate(self._standing)}
        tasks = self._tasks(goal, steps, states)
        results = self._executor.map(play, tasks, shared, should_stop)
        return [
            (part.number, segment)
            for task, result in zip(tasks, results, strict=False)
            for part, segment in zip(task, result, strict=True)
            if segment is not None
        ]

    def _tasks(
        self, goal: int, steps: Mapping[int, int], states: Mapping[int, State]
    ) -> list[tuple[Part, ...]]:
        """As many tasks as there are workers, of neighbours. A free executor gives the first task
        to its first worker, and so on: so a worker mostly has its actors again."""
        shares = np.array_split(self._numbers, min(self._executor.workers, len(self._numbers)))
        return [
            tuple(
                Part(number, place, steps[number], goal, states.get(number))
                for place, number in enumerate(share.tolist())
            )
            for share in shares
        ]


def _experience(played: Sequence[Sequence[Segment]]) -> Experience:
    """That of all actors in all their segments, of which each has at least one."""
    own = [_joined([segment.experience for segment in segments]) for segments in played]
    return type(own[0]).merged(own)


def _joined(parts: Sequence[Experience | None]) -> Experience:
    there = [part for part in parts if part is not None]
    return there[0] if len(there) == 1 else type(there[0]).joined(there)


def _ended(played: Sequence[Sequence[Segment]]) -> Ended:
    """The episodes of all actors, in the order in which they ended."""
    episodes: list[tuple[int, float, int]] = []
    for segments in played:
        before = 0
        for segment in segments:
            for step, own_return, length in segment.ended:
                episodes.append((before + step, own_return, length))
            before += segment.steps
    episodes.sort(key=lambda episode: episode[0])  # stable: within a step by actor
    return Ended([own for _, own, _ in episodes], [length for _, _, length in episodes])
