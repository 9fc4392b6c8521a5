"""What an agent trains with: lanes and an executor, made when it asks for them."""

from __future__ import annotations

import functools
from collections.abc import Callable

from rlbench.envs.family import EnvPlan
from rlbench.executors import make_executor
from rlbench.executors.base import Cost, LaneExecutor, Traffic
from rlbench.executors.process import ProcessExecutor
from rlbench.executors.serial import SerialExecutor
from rlbench.harness.plan import RunPlan
from rlbench.interfaces import Context, Counts, Lanes
from rlbench.saving import Saving
from rlbench.seeding import Seeds


class Resources:
    """The training lanes and the executor of one agent, and the count of their steps.

    env: the plan of the environment. cores: what the agent may use in this process. executor,
    workers, address: the name of the executor, the number of its workers, and where they are.
    """

    def __init__(
        self,
        env: EnvPlan,
        *,
        cores: int = 1,
        executor: str = "serial",
        workers: int = 1,
        address: str | None = None,
    ) -> None:
        self._env, self._cores = env, cores
        self._executor_name, self._workers, self._address = executor, workers, address
        self._executor: LaneExecutor | None = None
        self._evaluating: LaneExecutor | None = None
        self.lanes: list[Lanes] = []

    @classmethod
    def of(cls, plan: RunPlan) -> Resources:
        """Those of a run."""
        return cls(
            plan.env,
            cores=plan.own_cores,
            executor=plan.executor,
            workers=plan.workers,
            address=plan.address,
        )

    def context(
        self,
        seed: int,
        should_stop: Callable[[], bool] = lambda: False,
        starting: Callable[[str], None] = lambda what: None,
        saving: Saving | None = None,
    ) -> Context:
        """What the agent of the run with this seed is built from."""
        return Context(
            env=self._env.facts,
            seeds=Seeds(seed).child("agent"),
            make_lanes=self._make_lanes,
            make_executor=self._make_executor,
            should_stop=should_stop,
            starting=starting,
            saving=saving or Saving(),
            cores=self._cores,
        )

    def evaluation_executor(self, spread: bool) -> LaneExecutor:
        """What plays evaluations: the agent's own executor where it has several workers, else
        processes on all cores, or this process alone where they are not to be `spread`."""
        if self._evaluating is None:
            if spread and self._workers > 1:
                self._evaluating = self._make_executor()
            elif spread and self._cores > 1:
                self._evaluating = ProcessExecutor(self._env, self._cores)
            else:
                self._evaluating = SerialExecutor(self._env)
        return self._evaluating

    def counts(self) -> Counts:
        """Everything that lanes and workers have stepped so far."""
        total = Counts() if self._executor is None else self._executor.counts()
        for lanes in self.lanes:
            total.add(lanes.counts)
        return total

    def workers_cpu_s(self) -> float:
        """CPU-seconds of workers that are other processes."""
        return sum(executor.cpu_s() for executor in self._executors())

    def lost(self) -> Cost:
        """What went into tasks whose worker was lost (see `LaneExecutor.lost`)."""
        return functools.reduce(Cost.plus, (each.lost() for each in self._executors()), Cost())

    def losses(self) -> list[str]:
        """How workers were lost since this was called last, a line each."""
        return [loss for executor in self._executors() for loss in executor.losses()]

    def traffic(self) -> Traffic | None:
        """What the agent's workers have been sent and have sent back; None where it has none in
        other processes."""
        return None if self._executor is None else self._executor.traffic()

    def close(self) -> None:
        for lanes in self.lanes:
            lanes.close()
        for executor in self._executors():
            executor.close()

    def _executors(self) -> list[LaneExecutor]:
        evaluating = None if self._evaluating is self._executor else self._evaluating
        return [executor for executor in (self._executor, evaluating) if executor is not None]

    def _make_lanes(self, num_lanes: int) -> Lanes:
        lanes = self._env.lanes(num_lanes)
        self.lanes.append(lanes)
        return lanes

    def _make_executor(self) -> LaneExecutor:
        if self._executor is None:
            self._executor = make_executor(
                self._executor_name, self._env, self._workers, self._address
            )
        return self._executor
