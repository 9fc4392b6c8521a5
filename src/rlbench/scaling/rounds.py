"""DQN in rounds on N workers, event by event (SimPy), as `agent.actors` has it.

A round is the steps from one learning to the next. The learner gives each machine the parameters
once and each worker its actors; every worker plays its share, and sends the experience. Where the
run overlaps the two, the learner meanwhile makes the updates on what was played before; else the
updates come after. Whoever is ready first waits, so there are always as many updates a step as the
run made. The learner has its own cores beside the workers, on the first machine.

A run without actors is one process, which acts and learns: that is what one worker is to it. On
more workers it has an actor each.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rlbench.scaling.hardware import FLOAT_BYTES, Hardware
from rlbench.scaling.server import Server
from rlbench.scaling.work import DQNWork

if TYPE_CHECKING:
    import simpy

Events = Generator["simpy.Event", Any, None]


@dataclass(frozen=True)
class Round:
    """Seconds of a round of so many steps: in all, and the parts of it.

    even_s: the acting, shared out evenly. crowded_s: what it takes longer since cores slow each
    other down. longest_s: the acting of the worker with the largest share. arrived_s: until all
    experience is there.
    """

    steps: int
    total_s: float
    even_s: float
    crowded_s: float
    longest_s: float
    arrived_s: float

    @property
    def step_s(self) -> float:
        """Seconds of a step of all lanes together."""
        return self.total_s / self.steps


def one_round(work: DQNWork, workers: int, hardware: Hardware) -> Round:
    """A round on so many workers, once the pace is steady."""
    shares = worker_steps(work, workers)
    steps = sum(shares)
    alone = workers == 1 and work.actors is None
    slowed = 1.0 if alone else hardware.slowed(workers + work.threads)
    learning_s = slowed * steps * work.updates_per_step * work.update_s / work.threads
    even_s = steps * work.act_s / workers
    longest_s = slowed * max(shares) * work.act_s
    arrived_s = longest_s if alone else _Simulation(work, shares, slowed, hardware).run()
    beside = work.overlaps(max(work.actors or 1, workers))
    total_s = max(arrived_s, learning_s) if beside else arrived_s + learning_s
    return Round(steps, total_s, even_s, (slowed - 1.0) * even_s, longest_s, arrived_s)


def worker_steps(work: DQNWork, workers: int) -> list[int]:
    """The steps of each worker in a round. Neighbouring actors share a worker; all lanes step
    together, so a round is longer than the run's where it has fewer steps than there are lanes."""
    actors = max(work.actors or 1, workers)
    lanes = work.lanes * actors
    ticks = math.ceil(work.round_steps / lanes)
    few, more = divmod(actors, workers)
    return [ticks * work.lanes * (few + (number < more)) for number in range(workers)]


class _Simulation:
    """The events of one round, but for the updates."""

    def __init__(self, work: DQNWork, shares: list[int], slowed: float, hardware: Hardware) -> None:
        import simpy  # late: it is an extra

        self._env = simpy.Environment()
        self._learner, self._link = Server(self._env), Server(self._env)
        self._work, self._hardware, self._shares = work, hardware, shares
        self._act_s = slowed * work.act_s
        self._vector_bytes = float(FLOAT_BYTES * work.parameters)
        # The learner's threads have cores of the first machine, as far as it has more than one.
        self._beside = max(hardware.cores_per_machine - work.threads, 1)
        machines = 1 + self._machine(len(shares) - 1)
        self._arrivals = [self._env.event() for _ in range(machines)]  # of the parameters

    def run(self) -> float:
        """Seconds until the learner has all experience."""
        self._env.process(self._round())
        self._env.run()
        return float(self._env.now)

    def _round(self) -> Events:
        yield self._learner.turn(self._hardware.handling_s(self._vector_bytes))
        for number in range(len(self._shares)):
            self._env.process(self._worker(number))

    def _worker(self, number: int) -> Events:
        hardware = self._hardware
        yield self._learner.turn(hardware.message_s)  # the message that says play
        yield from self._fetch(number)
        yield self._env.timeout(self._shares[number] * self._act_s)
        size = self._shares[number] * self._work.step_bytes
        if self._machine(number) > 0:
            yield self._link.turn(hardware.on_link_s(size))
            yield self._env.timeout(hardware.latency_s)
        yield self._learner.turn(hardware.handling_s(size))

    def _fetch(self, number: int) -> Events:
        """Read the parameters, which the first worker of each machine has sent there."""
        hardware, machine = self._hardware, self._machine(number)
        if machine > 0 and machine != self._machine(number - 1):
            yield self._link.turn(hardware.on_link_s(self._vector_bytes))
            yield self._env.timeout(hardware.latency_s)
            self._arrivals[machine].succeed()
        elif machine > 0:
            yield self._arrivals[machine]
        yield self._env.timeout(hardware.handling_s(self._vector_bytes) - hardware.message_s)

    def _machine(self, number: int) -> int:
        beyond = number - self._beside
        return 0 if beyond < 0 else 1 + beyond // self._hardware.cores_per_machine
