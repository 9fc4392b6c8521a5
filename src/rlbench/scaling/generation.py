"""One generation of ES on N workers, event by event (SimPy).

The master sends every worker the parameters, hands out tasks, each to the next free worker,
receives returns, and moves the parameters. How they are moved is the protocol:

- `chain`: as rlbench does. Each machine is sent the parameters once. Workers weigh the noise of
  their tasks and keep a vector for each block; the sum goes from worker to worker, in pieces, so
  that its order is that of the blocks. Where these vectors are few bytes the master is sent them.
- `central`: a master alone. It sends every worker the parameters, and is sent a vector for each
  block, which it adds up.
- `tree`: vectors are added up in each machine, then between machines in a binary tree, down which
  the parameters come. Ray's ES does so with its aggregating actors.
- `relay`: returns alone go to the master, which rebuilds all noise itself; parameters go out
  through a process on each machine. The code of Salimans et al. 2017 does so.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rlbench.scaling.hardware import FLOAT_BYTES, Hardware
from rlbench.scaling.server import Server
from rlbench.scaling.work import FloatArray, update_s

if TYPE_CHECKING:
    import simpy

Protocol = Literal["chain", "central", "tree", "relay"]
PROTOCOLS: tuple[Protocol, ...] = ("chain", "central", "tree", "relay")
PIECES = 8  # of the sum that goes from worker to worker
PASSED_ON_FROM_BYTES = 2**25  # of all blocks' vectors
RESULT_BYTES = 100  # of a member: its seeds, return and length

Events = Generator["simpy.Event", Any, None]


@dataclass(frozen=True)
class Plan:
    """What a generation does beside its tasks. pairs: of the whole population. blocks: for each of
    which a worker makes a vector (`chain`, `central`)."""

    workers: int
    parameters: int
    pairs: int
    blocks: int
    protocol: Protocol
    hardware: Hardware

    @property
    def passes_on(self) -> bool:
        """Whether the sum goes from worker to worker."""
        few = FLOAT_BYTES * self.parameters * self.blocks < PASSED_ON_FROM_BYTES
        return self.protocol == "chain" and not few


@dataclass(frozen=True)
class Generation:
    """Seconds of one generation: in all, and the parts that they are lost to.

    even_s: the work, shared out evenly to all workers. crowded_s: since their cores slow each other
    down. idle_s: since there are fewer tasks than workers. straggler_s: waiting for the last task.
    update_s: of moving the parameters. network_s: of sending, receiving and handling messages.
    """

    total_s: float
    even_s: float
    crowded_s: float
    idle_s: float
    straggler_s: float
    update_s: float
    network_s: float


def generation(task_s: FloatArray, plan: Plan) -> Generation:
    """Simulate one generation whose tasks take a worker so many seconds each, alone on its
    machine."""
    alone = float(task_s.sum()) / plan.workers
    task_s = task_s * plan.hardware.slowed(min(plan.workers, len(task_s)))
    total_s = _Simulation(task_s, plan).run()
    work_s, update = float(task_s.sum()), free_update_s(plan, len(task_s))
    played = played_s(task_s, plan.workers)
    even = work_s / plan.workers
    busy = work_s / min(plan.workers, len(task_s))
    return Generation(
        total_s=total_s,
        even_s=alone,
        crowded_s=even - alone,
        idle_s=busy - even,
        straggler_s=played - busy,
        update_s=update,
        network_s=max(total_s - played - update, 0.0),
    )


def played_s(task_s: Iterable[float], workers: int) -> float:
    """When the last task ends, each begun by the worker that is free first, without a network."""
    free = [0.0] * workers
    for seconds in task_s:
        heapq.heapreplace(free, free[0] + float(seconds))
    return max(free)


def free_update_s(plan: Plan, tasks: int) -> float:
    """What moving the parameters takes where messages are free."""
    hardware, parameters = plan.hardware, plan.parameters
    if plan.workers == 1 or plan.protocol == "relay":
        return update_s(parameters, plan.pairs, hardware)
    shares = min(plan.workers, tasks)
    largest = math.ceil(tasks / shares) / tasks  # of the pairs, one worker's
    weighed = parameters * plan.pairs * largest * hardware.weighed_s
    return weighed + parameters * hardware.added_s * (_additions(plan, tasks) + 1)


def _additions(plan: Plan, tasks: int) -> float:
    """Vectors that are added one after another, on the longest way."""
    if plan.protocol == "central" or (plan.protocol == "chain" and not plan.passes_on):
        return plan.blocks
    shares = min(plan.workers, tasks)
    if plan.passes_on:  # the first piece goes all the way, the others come behind it
        return (plan.blocks + (PIECES - 1) * plan.blocks / shares) / PIECES
    inside = min(shares, plan.hardware.cores_per_machine)
    return inside + math.ceil(math.log2(plan.hardware.machines(shares)))


class _Simulation:
    """The events of one generation."""

    def __init__(self, task_s: FloatArray, plan: Plan) -> None:
        import simpy  # late: it is an extra

        self._env = simpy.Environment()
        self._master, self._link = Server(self._env), Server(self._env)
        self._plan, self._hardware = plan, plan.hardware
        self._tasks = len(task_s)
        self._waiting = deque(enumerate(task_s.tolist()))
        self._busy = min(plan.workers, self._tasks)
        self._vector_bytes = float(FLOAT_BYTES * plan.parameters)
        machines = self._hardware.machines(self._busy)
        self._arrivals = [self._env.event() for _ in range(machines)]  # of the parameters (`chain`)

    def run(self) -> float:
        """Seconds until the parameters have been moved."""
        self._env.process(self._generation())
        self._env.run()
        return float(self._env.now)

    def _generation(self) -> Events:
        env, plan = self._env, self._plan
        if plan.workers == 1:  # no messages
            yield env.timeout(sum(seconds for _, seconds in self._waiting))
            yield env.timeout(free_update_s(plan, self._tasks))
            return
        if plan.protocol == "chain":
            yield env.timeout(self._hardware.handling_s(self._vector_bytes))
        elif plan.protocol != "central":
            yield env.timeout(self._down_s())
        yield env.all_of([env.process(self._worker(n)) for n in range(self._busy)])
        if plan.protocol in ("chain", "central") and not plan.passes_on:
            shares = [len(range(n, self._tasks, self._busy)) for n in range(self._busy)]
            yield env.all_of([env.process(self._weigh(n, s)) for n, s in enumerate(shares)])
            yield env.timeout(plan.parameters * self._hardware.added_s)
            return
        yield env.timeout(free_update_s(plan, self._tasks))
        if plan.protocol == "tree":
            yield env.timeout(self._up_s())
        elif plan.passes_on:
            yield env.timeout(self._chain_s())

    def _worker(self, number: int) -> Events:
        """Play tasks until none waits. With a master that hands them out each costs it two
        messages; else a process on each machine does, and sends on what its workers return."""
        handed_out = self._plan.protocol in ("chain", "central")
        if self._plan.protocol == "central":
            yield from self._send(number, self._vector_bytes)
        elif self._plan.protocol == "chain":
            yield from self._fetch(number)
        while self._waiting:
            _, seconds = self._waiting.popleft()
            if not handed_out:
                yield self._env.timeout(seconds + self._hardware.message_s)
                continue
            yield self._env.timeout(seconds)
            members = 2 * self._plan.pairs / self._tasks
            yield from self._receive(number, RESULT_BYTES * members)
            if self._waiting:
                yield from self._send(number, RESULT_BYTES)

    def _fetch(self, number: int) -> Events:
        """Hear from the master, and read the parameters, which one worker of each machine has sent
        there."""
        hardware = self._hardware
        yield self._master.turn(hardware.message_s)
        machine, place = divmod(number, hardware.cores_per_machine)
        if machine > 0 and place == 0:
            yield self._link.turn(hardware.on_link_s(self._vector_bytes))
            yield self._env.timeout(hardware.latency_s)
            self._arrivals[machine].succeed()
        elif machine > 0:
            yield self._arrivals[machine]
        yield self._env.timeout(hardware.handling_s(self._vector_bytes) - hardware.message_s)

    def _weigh(self, number: int, tasks: int) -> Events:
        """Send the weights, weigh the worker's tasks, return their vectors. A `central` master
        sends the parameters with them."""
        plan, hardware = self._plan, self._hardware
        parameters_bytes = self._vector_bytes if plan.protocol == "central" else 0.0
        yield from self._send(number, parameters_bytes + FLOAT_BYTES * plan.pairs)
        pairs = plan.pairs * tasks / self._tasks
        yield self._env.timeout(plan.parameters * pairs * hardware.weighed_s)
        vectors = plan.blocks * tasks / self._tasks
        added_s = vectors * plan.parameters * hardware.added_s
        yield from self._receive(number, vectors * self._vector_bytes, added_s)

    def _send(self, worker: int, size_bytes: float) -> Events:
        yield self._master.turn(self._hardware.handling_s(size_bytes))
        yield from self._travel(worker, size_bytes)

    def _receive(self, worker: int, size_bytes: float, further_s: float = 0.0) -> Events:
        yield from self._travel(worker, size_bytes)
        yield self._master.turn(self._hardware.handling_s(size_bytes) + further_s)

    def _travel(self, worker: int, size_bytes: float) -> Events:
        """Through the master's link, which one message at a time uses; workers on its own machine
        need none."""
        if worker < self._hardware.cores_per_machine:
            return
        yield self._link.turn(self._hardware.on_link_s(size_bytes))
        yield self._env.timeout(self._hardware.latency_s)

    def _down_s(self) -> float:
        """Parameters from the master to every worker: through the machines, then in each."""
        hardware, size = self._hardware, self._vector_bytes
        inside = min(self._busy, hardware.cores_per_machine)
        return self._levels() * self._hop_s(size) + inside * hardware.handling_s(size)

    def _up_s(self) -> float:
        """Vectors from every worker to the master, but for the additions."""
        return self._down_s()

    def _chain_s(self) -> float:
        """The way of the sum through all workers, but for the additions: its first piece goes all
        the way, the others come behind it. The master asks for each piece at each worker."""
        hardware, size = self._hardware, self._vector_bytes / PIECES
        between, inside = self._hop_s(size), hardware.handling_s(size)
        machines = hardware.machines(self._busy)
        first_s = (machines - 1) * between + (self._busy - machines + 1) * inside
        behind_s = (PIECES - 1) * (between if machines > 1 else inside)
        return max(first_s + behind_s, self._busy * PIECES * hardware.message_s)

    def _hop_s(self, size_bytes: float) -> float:
        hardware = self._hardware
        on_the_way = hardware.latency_s + hardware.on_link_s(size_bytes)
        return on_the_way + hardware.handling_s(size_bytes)

    def _levels(self) -> int:
        return math.ceil(math.log2(self._hardware.machines(self._busy)))
