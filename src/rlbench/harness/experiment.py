"""One run from settings to summary: the loop of training, evaluation and saving."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

import rlbench
from rlbench.errors import RlbenchError, RunError
from rlbench.harness import checkpoint
from rlbench.harness.evaluate import Evaluation, evaluate, schedule
from rlbench.harness.ledger import Clock, Ledger, Start, utc_now
from rlbench.harness.machine import confine, describe, peak_rss_mb
from rlbench.harness.plan import RunPlan, plan_run
from rlbench.harness.progress import Progress
from rlbench.harness.rundir import SCHEMA, RunDir, budget_used, finished, tell
from rlbench.harness.runlog import RunLog
from rlbench.interfaces import Agent, Context, Executor, Lanes
from rlbench.seeding import Seeds
from rlbench.settings import Settings

EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
CONCURRENT_JOBS = "RLBENCH_CONCURRENT_JOBS"  # set by a sweep for its jobs


def run(settings: Settings, start: Start | None = None) -> int:
    """Run, or go on with, the run that `settings` ask for; returns the exit status.

    start: when the attempt began, normally `Start.of_process()`, so that imports are counted.
    Raises ConfigError before anything is written, and RunError for a run that failed, which is
    recorded in its directory by then.
    """
    start = start or Start.now()
    plan = plan_run(settings)
    if settings.dry_run:
        from rlbench.harness.dry_run import estimate

        print(estimate(plan))
        return EXIT_DONE
    line = finished(settings)
    if line is not None:
        print(line)
        return EXIT_DONE
    directory = RunDir(plan.name.directory)
    directory.open(settings.overwrite)
    try:
        attempt = Attempt(plan, directory, start)
        try:
            return attempt.run()
        finally:
            attempt.close()
    except OSError as error:
        where = error.filename or directory.path
        raise RunError(f"{where}: cannot be written: {error.strerror or error}") from error
    finally:
        directory.close()


@dataclass
class Reached:
    """The levels of a run and the clock at which each was first reached; all of it is logged."""

    at: dict[float, dict[str, Any] | None]
    threshold: float | None

    @property
    def solved_at(self) -> dict[str, Any] | None:
        return None if self.threshold is None else self.at[self.threshold]

    def summary(self) -> dict[str, Any]:
        return {repr(level): at for level, at in self.at.items()}


class Attempt:
    """One attempt at a run, from its start or its checkpoint to its end or an interruption."""

    def __init__(self, plan: RunPlan, directory: RunDir, start: Start) -> None:
        self.plan, self.directory = plan, directory
        settings = plan.settings
        self.settings = settings
        self.log = RunLog(directory.log)
        facts = plan.env.facts
        self.ledger = Ledger(start, self.log.last_clock, facts.frame_skip)
        budget = settings.budget
        label = f"{settings.agent.name} {facts.id} seed {settings.seed}"
        self.progress = Progress(label, plan.env.threshold, budget.train_seconds, budget.env_steps)
        self.seeds = Seeds(settings.seed)
        self.reached = Reached(dict.fromkeys(plan.env.levels), plan.env.threshold)
        self.evaluated: Clock | None = None  # the clock of the latest evaluation
        self.final_return: float | None = None
        self.best_return: float | None = None
        self.best_policy: dict[str, Any] | None = None
        self.interrupted = False
        self.checkpointed_train_s = 0.0
        self.training_lanes: list[Lanes] = []
        self.executor: Any = None
        self.agent: Agent | None = None
        self.eval_lanes: Lanes | None = None

    def run(self) -> int:
        """Train and evaluate until solved, out of budget, or interrupted; returns the exit
        status. A failure is recorded, then raised as RunError."""
        with self._signals():
            try:
                with self.ledger.phase("startup"):
                    self._begin()
                status = self._train()
            except Exception as error:
                self._record_failure(error)
                if isinstance(error, (RlbenchError, OSError)):
                    raise
                raise RunError(
                    f"{type(error).__name__}: {error} (see {self.directory.traceback})"
                ) from error
        return EXIT_INTERRUPTED if status == "interrupted" else EXIT_DONE

    def close(self) -> None:
        if self.agent is not None:
            self.agent.close()
        for lanes in (*self.training_lanes, self.eval_lanes):
            if lanes is not None:
                lanes.close()
        if self.executor is not None:
            self.executor.close()
        self.progress.close()
        self.log.close()

    # --- the phases of an attempt -----------------------------------------------------------

    def _begin(self) -> None:
        plan, settings = self.plan, self.settings
        affinity = confine(plan.cores, settings.device)
        self._write_run_json(affinity)
        self.ledger.connect(self._count, self._workers_cpu_s)
        context = Context(
            env=plan.env.facts,
            seeds=self.seeds.child("agent"),
            make_lanes=self._make_lanes,
            make_executor=self._make_executor,
            should_stop=self._should_stop,
            cores=plan.cores,
            network=settings.network,
        )
        self.agent = plan.agent_class(context, plan.agent_settings)
        evaluation = settings.eval
        # In arrays a hundred lanes cost little more than twenty, and are over sooner.
        lanes = max(evaluation.episodes, evaluation.confirmation_episodes)
        lanes = lanes if plan.env.facts.native_vector else evaluation.episodes
        self.eval_lanes = plan.env.lanes(lanes, plan.eval_max_episode_steps)
        state = checkpoint.load(self.directory.checkpoint)
        self.log.write("start", self.ledger.now())
        if state is not None:
            self._resume(state)

    def _resume(self, state: dict[str, Any]) -> None:
        assert self.agent is not None
        self.agent.set_state(state["agent"])
        harness = state["harness"]
        for level, at in harness["reached"]:
            if level in self.reached.at:
                self.reached.at[level] = at
        self.final_return, self.best_return = harness["final_return"], harness["best_return"]
        if harness["evaluated"] is not None:
            self.evaluated = Clock.from_row(harness["evaluated"])
        self.log.write("resume", self.ledger.now(), from_seq=harness["seq"])
        self.progress.say(f"going on from {self.directory.checkpoint}")

    def _train(self) -> str:
        assert self.agent is not None
        settings, plan = self.settings, self.plan
        points = schedule(settings.eval.first_steps, settings.eval.growth, plan.eval_every_steps)
        due = next(points)
        if self.evaluated is not None:
            while due <= self.ledger.now().env_steps:
                due = next(points)
        self.checkpointed_train_s = self.ledger.train_s()
        while True:
            clock = self.ledger.now()
            if clock.env_steps >= due or self.evaluated is None:
                self._evaluate()
                while due <= clock.env_steps:
                    due = next(points)
            status = self._status(clock)
            if status is not None:
                return self._end(status)
            target = due - clock.env_steps
            if settings.budget.env_steps is not None:
                target = min(target, settings.budget.env_steps - clock.env_steps)
            with self.ledger.phase("train"):
                scalars = self.agent.advance(target)
            self.log.write("train", self.ledger.now(), **scalars)
            self._checkpoint_when_due()

    def _status(self, clock: Clock) -> str | None:
        if self.reached.solved_at is not None and self.settings.stop_at_threshold:
            return "solved"
        if self.interrupted:
            return "interrupted"
        if budget_used(self.settings, clock.train_s, clock.env_steps):
            return "budget"
        return None

    def _end(self, status: str) -> str:
        assert self.agent is not None and self.evaluated is not None
        if status == "budget" and self.ledger.now().env_steps > self.evaluated.env_steps:
            self._evaluate()
        if status != "interrupted" and self.reached.solved_at is not None:
            status = "solved"
        with self.ledger.phase("checkpoint"):
            self._save_checkpoint()
            self.directory.write_policy(self.directory.policy, self.agent.policy().arrays())
        clock = self.ledger.now()
        self.log.write("end", clock, status=status)
        summary = self._summary(status, clock, None)
        self.directory.write_json(self.directory.summary, summary)
        self.progress.close()
        print(f"{status}: {tell(summary)}; files in {self.directory.path}", flush=True)
        return status

    # --- evaluation ---------------------------------------------------------------------------

    def _evaluate(self) -> None:
        assert self.agent is not None and self.eval_lanes is not None
        previous, settings = self.evaluated, self.settings.eval
        with self.ledger.phase("eval"):
            policy = self.agent.policy()
            result = evaluate(
                policy, self.eval_lanes, settings.episodes, self.seeds.child("evaluation")
            )
        clock = self.ledger.now()
        self.evaluated = clock
        before = {
            "previous_train_s": None if previous is None else round(previous.train_s, 6),
            "previous_env_steps": None if previous is None else previous.env_steps,
        }
        self.final_return = result.return_mean
        if self.best_return is None or result.return_mean > self.best_return:
            self.best_return = result.return_mean
            self.best_policy = dict(policy.arrays())
        self._log_evaluation(clock, result, before)
        moment = _moment(clock) | before
        for level, at in self.reached.at.items():
            if at is None and result.return_mean >= level and level != self.reached.threshold:
                self.reached.at[level] = moment
        note = ""
        threshold = self.reached.threshold
        reached = threshold is not None and result.return_mean >= threshold
        if threshold is not None and reached and self.reached.solved_at is None:
            note = self._confirm(policy, clock, moment, threshold)
        self.progress.evaluated(clock, result.return_mean, note)

    def _confirm(self, policy: Any, clock: Clock, moment: dict[str, Any], threshold: float) -> str:
        assert self.eval_lanes is not None
        episodes = self.settings.eval.confirmation_episodes
        with self.ledger.phase("eval"):
            # Fresh seeds at each attempt, named by the step so that an extra evaluation (at the
            # end of a budget that is later raised) does not shift the seeds of those to come.
            seeds = self.seeds.child("confirmation").child(str(clock.env_steps))
            result = evaluate(policy, self.eval_lanes, episodes, seeds)
        confirmed = result.return_mean >= threshold
        self.log.write(
            "solved",
            clock,
            threshold=threshold,
            confirmed=confirmed,
            confirmation_mean=result.return_mean,
            confirmation_episodes=episodes,
        )
        if confirmed:
            self.reached.at[threshold] = moment
        verdict = "confirmed" if confirmed else "not confirmed"
        return f" | {verdict}: {result.return_mean:.1f} over {episodes} fresh episodes"

    def _log_evaluation(self, clock: Clock, result: Evaluation, before: dict[str, Any]) -> None:
        self.log.write(
            "eval",
            clock,
            returns=result.returns,
            return_mean=result.return_mean,
            lengths=result.lengths,
            truncated=result.truncated,
            **before,
        )

    # --- saving -------------------------------------------------------------------------------

    def _checkpoint_when_due(self) -> None:
        every_s = self.settings.checkpoint.every_seconds
        if self.ledger.train_s() - self.checkpointed_train_s >= every_s:
            with self.ledger.phase("checkpoint"):
                self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        assert self.agent is not None
        if self.best_policy is not None:
            self.directory.write_policy(self.directory.best_policy, self.best_policy)
            self.best_policy = None
        state = {
            "agent": self.agent.get_state(),
            "harness": {
                "seq": self.log.seq,
                "reached": [[level, at] for level, at in self.reached.at.items()],
                "final_return": self.final_return,
                "best_return": self.best_return,
                "evaluated": None if self.evaluated is None else self.evaluated.row(),
            },
        }
        size = checkpoint.save(self.directory.checkpoint, self.log.seq, state)
        self.checkpointed_train_s = self.ledger.train_s()
        self.log.write("checkpoint", self.ledger.now(), bytes=size)

    def _summary(self, status: str, clock: Clock, error: str | None) -> dict[str, Any]:
        speed = clock.env_steps / clock.train_s if clock.train_s > 0 else None
        return {
            "schema": SCHEMA,
            "status": status,
            "threshold": self.reached.threshold,
            "solved_at": self.reached.solved_at,
            "reached": self.reached.summary(),
            "final_return_mean": self.final_return,
            "best_return_mean": self.best_return,
            **clock.row(),
            "env_steps_per_s": speed,
            "peak_rss_mb": peak_rss_mb(),
            "workers": self.plan.workers,
            "cores": self.plan.cores,
            "attempts": self.log.attempt,
            "error": error,
        }

    def _record_failure(self, error: Exception) -> None:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        # Where the disk is full even this fails; what was there before stays as it was.
        with contextlib.suppress(OSError):
            self.directory.traceback.write_text("".join(traceback.format_exception(error)))
            clock = self.ledger.now()
            self.log.write("end", clock, status="failed")
            summary = self._summary("failed", clock, line)
            self.directory.write_json(self.directory.summary, summary)

    def _write_run_json(self, affinity: list[int] | None) -> None:
        plan, settings, directory = self.plan, self.settings, self.directory
        values = settings.model_dump(mode="json")
        agent = values.pop("agent")
        params = plan.agent_settings.model_dump(mode="json")
        values = {
            "agent": {"name": agent["name"], "_target_": agent["target"], **params},
            **values,
        }
        checkpoint.write_atomically(directory.config, yaml.safe_dump(values, sort_keys=False))
        directory.write_json(
            directory.run,
            {
                "schema": SCHEMA,
                "rlbench": rlbench.__version__,
                "agent": settings.agent.name,
                "env": plan.env.facts.id,
                "seed": settings.seed,
                "setup": plan.name.setup,
                "learning": plan.name.learning,
                "fingerprint": plan.name.fingerprint,
                "threshold": plan.env.threshold,
                "thresholds": plan.env.levels,
                "random_return": None,
                "budget": values["budget"],
                "stop_at_threshold": settings.stop_at_threshold,
                "cores": plan.cores,
                "cpu_affinity": affinity,
                "executor": plan.executor,
                "workers": plan.workers,
                "device": settings.device,
                "precision": params.get("precision", "float32"),
                "concurrent_jobs": int(os.environ.get(CONCURRENT_JOBS, "1")),
                **describe(),
                "started_at": self._first_started_at(),
                "argv": sys.argv[1:],
                "frame_skip": plan.env.facts.frame_skip,
                "max_episode_steps": plan.env.facts.max_episode_steps,
                "eval_max_episode_steps": plan.eval_max_episode_steps,
                "eval_episodes": settings.eval.episodes,
                "fresh_env_each_episode": plan.env.fresh_each_episode,
            },
        )

    def _first_started_at(self) -> str:
        import json

        try:
            return str(json.loads(self.directory.run.read_text())["started_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return utc_now()

    # --- what the agent is lent ---------------------------------------------------------------

    def _make_lanes(self, num_lanes: int) -> Lanes:
        lanes = self.plan.env.lanes(num_lanes)
        self.training_lanes.append(lanes)
        return lanes

    def _make_executor(self) -> Executor:
        from rlbench.executors import make_executor

        if self.executor is None:
            self.executor = make_executor(self.plan.executor, self.plan.env, self.plan.workers)
        return self.executor  # type: ignore[no-any-return]

    def _count(self) -> tuple[int, int]:
        counts = [lanes.counts for lanes in self.training_lanes]
        if self.executor is not None:
            counts.append(self.executor.counts())
        return sum(c.env_steps for c in counts), sum(c.episodes for c in counts)

    def _workers_cpu_s(self) -> float:
        return 0.0 if self.executor is None else float(self.executor.cpu_s())

    def _should_stop(self) -> bool:
        if self.progress.due():
            self.progress.tick(self.ledger.now())
        limit = self.settings.budget.train_seconds
        return self.interrupted or (limit is not None and self.ledger.train_s() >= limit)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) asks for a checkpoint and the end; the second one ends."""

        def interrupt(number: int, frame: Any) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True

        try:
            old = {s: signal.signal(s, interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not the main thread: whoever runs us there handles signals
            yield
            return
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def _moment(clock: Clock) -> dict[str, Any]:
    row = clock.row()
    keys = ("env_steps", "train_s", "cpu_s", "train_cpu_s", "wall_s", "startup_s")
    return {key: row[key] for key in keys}
