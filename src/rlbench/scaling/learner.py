"""DQN with N actors and one learner, event by event (SimPy), as in Gorila and Ape-X.

Actors send transitions in batches to the learner, which makes so many updates for each step as the
run did, so that the ratio of replay is the same at any size; an actor that is ahead waits. Every
so many of its steps an actor fetches the parameters. One worker is the run itself: it acts, then
learns. With more the learner has its own core beside the workers.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rlbench.scaling.hardware import FLOAT_BYTES, Hardware
from rlbench.scaling.server import Server
from rlbench.scaling.work import DQNWork

if TYPE_CHECKING:
    import simpy

SEND_STEPS = 50  # Ape-X (Horgan et al. 2018, arXiv 1803.00933), appendix D: local buffer
FETCH_SENDS = 8  # ... and parameters every 400 frames
AHEAD = 2  # batches that an actor may have under way
WARM_UP = 0.5  # of all batches, before the pace is taken
BATCHES = 400
LEAST_ACTORS, ENOUGH_ACTORS = 64, 8

Events = Generator["simpy.Event", Any, None]


@dataclass(frozen=True)
class Pace:
    """Seconds of one environment step, over all workers, and what they come from: even_s is the
    acting shared out evenly, update_s what the learner's updates alone allow, network_s what the
    learner's messages alone allow."""

    total_s: float
    even_s: float
    update_s: float
    network_s: float


def pace(work: DQNWork, workers: int, hardware: Hardware) -> Pace:
    """How fast `workers` actors and a learner go on."""
    update = work.updates_per_step * work.update_s
    if workers == 1:
        return Pace(work.act_s + update, work.act_s, update, 0.0)
    total = _Simulation(work, workers, hardware).run()
    batch_bytes, vector_bytes = _bytes(work)
    messages = hardware.handling_s(batch_bytes) + hardware.handling_s(vector_bytes) / FETCH_SENDS
    link = hardware.on_link_s(batch_bytes + vector_bytes / FETCH_SENDS)
    remote = max(workers + 1 - hardware.cores_per_machine, 0) / workers
    return Pace(
        total_s=total,
        even_s=work.act_s / workers,
        update_s=update,
        network_s=max(messages, remote * link) / SEND_STEPS,
    )


def _bytes(work: DQNWork) -> tuple[float, float]:
    """Of a batch of transitions, of the parameters."""
    return SEND_STEPS * work.transition_bytes, float(FLOAT_BYTES * work.parameters)


class _Simulation:
    def __init__(self, work: DQNWork, workers: int, hardware: Hardware) -> None:
        import simpy  # late: it is an extra

        self._env = simpy.Environment()
        self._learner, self._link = Server(self._env), Server(self._env)
        self._work, self._hardware = work, hardware
        # Many times as many actors as keep the learner busy add nothing but time to simulate.
        busy = work.act_s / max(work.updates_per_step * work.update_s, 1e-3 * work.act_s)
        self._workers = min(workers, LEAST_ACTORS + int(ENOUGH_ACTORS * busy))
        beside = min(hardware.cores_per_machine - 1, workers)
        self._beside_learner = round(beside * self._workers / workers)
        self._batch_bytes, self._vector_bytes = _bytes(work)
        self._goal = BATCHES + 4 * self._workers
        self._ends: list[float] = []
        self._done = self._env.event()

    def run(self) -> float:
        """Seconds of a step once the pace is steady."""
        for number in range(self._workers):
            self._env.process(self._actor(number))
        self._env.run(self._done)
        first = int(WARM_UP * self._goal)
        took = self._ends[-1] - self._ends[first]
        return took / ((len(self._ends) - 1 - first) * SEND_STEPS)

    def _actor(self, number: int) -> Events:
        under_way: list[simpy.Event] = []
        act_s = SEND_STEPS * self._work.act_s
        yield self._env.timeout(act_s * number / self._workers)  # they are not in step
        sent = 0
        while True:
            yield self._env.timeout(act_s)
            under_way.append(self._env.process(self._learn(number)))
            sent += 1
            if sent % FETCH_SENDS == 0:
                yield from self._fetch(number)
            if len(under_way) == AHEAD:
                yield under_way.pop(0)

    def _learn(self, number: int) -> Events:
        """A batch of transitions reaches the learner, and is learned from."""
        yield from self._travel(number, self._batch_bytes)
        updates_s = SEND_STEPS * self._work.updates_per_step * self._work.update_s
        yield self._learner.turn(self._hardware.handling_s(self._batch_bytes) + updates_s)
        self._ends.append(self._env.now)
        if len(self._ends) == self._goal:
            self._done.succeed()

    def _fetch(self, number: int) -> Events:
        yield self._learner.turn(self._hardware.handling_s(self._vector_bytes))
        yield from self._travel(number, self._vector_bytes)

    def _travel(self, number: int, size_bytes: float) -> Events:
        if number < self._beside_learner:
            return
        yield self._link.turn(self._hardware.on_link_s(size_bytes))
        yield self._env.timeout(self._hardware.latency_s)
