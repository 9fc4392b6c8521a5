"""Who plays an evaluation: all cores of a run, with the same result as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

from rlbench.envs.family import EnvPlan
from rlbench.executors.base import LaneExecutor, LaneWorker
from rlbench.executors.serial import SerialExecutor
from rlbench.harness.evaluate import Evaluation, evaluate
from rlbench.interfaces import Policy, Stopped
from rlbench.seeding import Seeds
from rlbench.settings import EvalSettings

# Below this many steps at the most, an evaluation is over before it would pay to have started
# processes for it (0.1 s of MountainCar).
WORTH_STEPS = 10_000


_Shared = tuple[Policy, Seeds, int, int, Callable[[int], None] | None]


def worth_processes(env: EnvPlan, episodes: int, max_episode_steps: int) -> bool:
    """Whether an evaluation may take long enough to be spread over processes."""
    return not env.facts.native_vector and episodes * max_episode_steps >= WORTH_STEPS


class Evaluator:
    """Plays episodes of a policy on the workers of an executor, which its maker closes.

    How episodes are shared out decides how long an evaluation takes, never its result. A policy
    that cannot be pickled is played in this process.

    should_stop: whether an evaluation is not to be played to its end; asked while it goes on.
    """

    def __init__(
        self,
        env: EnvPlan,
        max_episode_steps: int,
        settings: EvalSettings,
        executor: LaneExecutor,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._executor, self._cap, self._should_stop = executor, max_episode_steps, should_stop
        self._here = SerialExecutor(env)
        share, facts = -(-settings.episodes // executor.workers), env.facts
        if facts.native_vector:  # in arrays a hundred lanes cost little more than twenty
            share = max(settings.episodes, settings.confirmation_episodes)
        # On frames an emulator and a network cost the same alone; elsewhere many lanes share the
        # cost of a lock-step, as long as the processor's cache holds them.
        self._task_episodes = 1 if facts.frames else share
        self._lanes = min(self._task_episodes, facts.lock_step_lanes or share)

    def build(self) -> None:
        """Have the workers build their lanes, which would otherwise be done at the first call."""
        workers = range(self._executor.workers)
        for _ in self._executor.map(_build, workers, (self._lanes, self._cap)):
            pass

    def play(
        self,
        policy: Policy,
        episodes: int,
        seeds: Seeds,
        enough: Callable[[Evaluation], int | None] = lambda played: None,
        watch: Callable[[int], None] = lambda ended: None,
    ) -> Evaluation:
        """Episodes 0 to `episodes` - 1 of `policy` (see `evaluate`).

        enough: given the first episodes, how many of them are enough, or None to go on; asked
        whenever there are more. watch: told how many have ended, at 0 and as they end: one by one
        in this process, else as the workers hand them in. Raises Stopped where `should_stop` ended
        it.
        """
        watch(0)
        parts: list[Evaluation] = []
        for part in self._parts(policy, episodes, seeds, watch):
            parts.append(part)
            played = Evaluation.of(parts)
            watch(len(played.returns))
            number = enough(played)
            if number is not None:
                return played.first(number)
        if sum(len(part.returns) for part in parts) < episodes:
            raise Stopped
        return played

    def close(self) -> None:
        self._here.close()

    def _parts(
        self, policy: Policy, episodes: int, seeds: Seeds, watch: Callable[[int], None]
    ) -> Iterator[Evaluation]:
        size = self._task_episodes
        tasks = [range(i, min(i + size, episodes)) for i in range(0, episodes, size)]
        executor = self._executor if _can_travel(policy) else self._here
        # Only in this process can they be watched one by one.
        here = watch if isinstance(executor, SerialExecutor) else None
        shared = policy, seeds, self._lanes, self._cap, here
        played = executor.map(_play, tasks, shared, self._should_stop)
        try:
            yield from played
        finally:
            played.close()


def _build(worker: LaneWorker, shared: tuple[int, int], task: int) -> None:
    worker.evaluation_lanes(*shared)


def _play(worker: LaneWorker, shared: _Shared, task: range) -> Evaluation:
    policy, seeds, num_lanes, cap, watch = shared
    lanes = worker.evaluation_lanes(num_lanes, cap)
    action, before = worker.plan.facts.action, task.start  # tasks are handed out in order

    def ended(episodes: int) -> None:
        if watch is not None:
            watch(before + episodes)

    return evaluate(
        policy, lanes, task, seeds, ended, action=action, should_stop=worker.should_stop
    )


def _can_travel(policy: Any) -> bool:
    try:
        ForkingPickler.dumps(policy)
    except Exception:  # whatever its class raises
        return False
    return True
