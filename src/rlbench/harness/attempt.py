"""One attempt at a run: the loop of training, evaluation and saving."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Mapping, Sequence

from rlbench.clock import Start, monotonic_s
from rlbench.errors import RlbenchError, RunError, StuckError, visible
from rlbench.harness.evaluator import Evaluator, worth_processes
from rlbench.harness.judge import Judge
from rlbench.harness.ledger import Ledger
from rlbench.harness.machine import contention, machine_time
from rlbench.harness.memory import state_bytes
from rlbench.harness.plan import RunPlan
from rlbench.harness.progress import Progress
from rlbench.harness.record import summarise, write_beginning
from rlbench.harness.resources import Resources
from rlbench.harness.saver import Saver
from rlbench.harness.snapshots import keep_snapshot
from rlbench.harness.stopping import in_words, reason_to_stop, time_is_up
from rlbench.interfaces import Agent, Stopped
from rlbench.runs.columns import Clock
from rlbench.runs.directory import RunDir
from rlbench.runs.files import replace_text
from rlbench.runs.log import RunLog
from rlbench.runs.pulse import Pulse
from rlbench.runs.records import EndStatus
from rlbench.runs.summary import Summary, write_summary
from rlbench.signals import Stops
from rlbench.tensorboard.session import read_session
from rlbench.trackers.base import TrackedRun
from rlbench.trackers.following import Trackers

EXIT_DONE, EXIT_INTERRUPTED = 0, 130
PULSE_EVERY_S = 1.0  # so much of a killed run's work is in no column at most


class Attempt:
    """One attempt at a run, from its start or its checkpoint to its end or an interruption."""

    def __init__(
        self,
        plan: RunPlan,
        directory: RunDir,
        start: Start,
        affinity: Sequence[int] | None,
        stops: Stops,
    ) -> None:
        self.plan, self.directory, self.settings = plan, directory, plan.settings
        self.affinity, self.stops = affinity, stops
        self.log = RunLog(directory.log)
        self.pulse = Pulse(directory.pulse, self.log.attempt)
        self._next_pulse_s = 0.0
        earlier = self.pulse.later_than(self.log.last_clock)
        self.ledger = Ledger(start, earlier, plan.env.facts.frame_skip)
        self.machine_began, self.cpu_began_s = machine_time(), self.ledger.cpu_s()
        budget = self.settings.budget
        label = f"{self.settings.agent.name} {plan.env.facts.id} seed {self.settings.seed}"
        self.progress = Progress(
            label, plan.env.threshold, budget, plan.eval_schedule, self.ledger.now
        )
        self.resources = Resources.of(plan)
        every_s = self.settings.checkpoint.every_seconds
        self.saver = Saver(
            directory, self.log, self.ledger, every_s, state_bytes(plan), self.progress.doing
        )
        self.asked = 0  # how often somebody asked whether to stop
        self.judge: Judge | None = None
        self.evaluator: Evaluator | None = None
        self.agent: Agent | None = None
        self.trackers: Trackers | None = None

    def run(self) -> int:
        """Train and evaluate until solved, out of budget, or interrupted; returns the exit
        status. A failure is recorded, then raised as RunError."""
        try:
            agent, judge = self._begin()
            self.ledger.started()
            self.stops.patience = 1  # from here on there is something to save
            status = self._train(agent, judge)
            self.stops.settle()
        except BaseException as error:  # an environment may raise anything, SystemExit included
            if isinstance(error, KeyboardInterrupt) and self.stops.raised:
                raise
            self.record_failure(error)
            if isinstance(error, (RlbenchError, OSError)):
                raise
            if isinstance(error, StuckError):
                raise RunError(str(error)) from error
            raise RunError(
                f"{type(error).__name__}: {error} (see {self.directory.traceback})"
            ) from error
        return EXIT_INTERRUPTED if status == "interrupted" else EXIT_DONE

    def close(self) -> None:
        """End all that belongs to it. What the agent and the environment raise here comes too late
        to change what the run came to, as does a signal for one that does not return."""
        for part in (self.agent, self.evaluator, self.resources):
            try:
                if part is not None:
                    part.close()
            except BaseException as error:
                what = type(part).__name__
                name = f"agent {self.settings.agent.name}" if part is self.agent else what
                said = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")
                print(f"note: {name} did not close: {visible(said)}", file=sys.stderr)
        if self.trackers is not None:
            self.trackers.close()
        self.progress.close()
        self.log.close()

    # --- the phases of an attempt -------------------------------------------------------------

    def _begin(self) -> tuple[Agent, Judge]:
        plan = self.plan
        write_beginning(plan, self.directory, self.affinity)
        if self.settings.logger:
            path, results_dir = self.directory.path, self.settings.results_dir
            run = TrackedRun(path, results_dir, read_session(path), self.log.rows)
            self.trackers = Trackers(self.settings.logger, run, self.progress.print_line)
            self.log.followers.append(self.trackers.row)
        resources = self.resources
        self.ledger.connect(resources.counts, resources.workers_cpu_s, resources.lost)
        # Its processes come up while the agent loads its libraries.
        cap, evaluation = plan.eval_max_episode_steps, self.settings.eval
        spread = worth_processes(plan.env, evaluation.episodes, cap)
        executor = self.resources.evaluation_executor(spread)
        self.evaluator = Evaluator(plan.env, cap, evaluation, executor, self._is_interrupted)
        context = self.resources.context(
            self.settings.seed, self._should_stop, self.progress.starting, self.saver
        )
        agent: Agent = plan.agent_class(context, plan.agent_settings)
        judge = Judge(plan, self.ledger, self.log, self.evaluator, self.progress.playing)
        self.evaluator.build()
        self.agent, self.judge = agent, judge
        self.saver.connect(agent, judge)
        self._go_on()
        return agent, judge

    def _go_on(self) -> None:
        """Go on from a checkpoint, or begin, and say so in the log."""
        if self.log.flaws.unusable:
            lines = f"{self.log.flaws.unusable} line(s) of {self.directory.log}"
            self.progress.print_line(f"note: {lines} are not rows of a run's log: passed over")
        seq = self.saver.restore()
        self.log.started(self.ledger.now())
        if seq is not None:
            self.log.resumed(self.ledger.now(), from_seq=seq)
        if seq:
            self.progress.print_line(f"going on from {self.directory.checkpoint}")

    def _train(self, agent: Agent, judge: Judge) -> EndStatus:
        if judge.evaluated is None:
            with self.ledger.preparation():
                agent.advance(0)
        self.saver.started()
        try:
            status = self._train_on(agent, judge)
        except Stopped:  # an evaluation, which is played when the run goes on
            status = "interrupted"
        return self._end(status, agent, judge)

    def _train_on(self, agent: Agent, judge: Judge) -> EndStatus:
        """Train and evaluate until there is a reason to stop; the reason."""
        while True:
            for loss in self.resources.losses():
                self.progress.print_line(f"note: {loss}; what it was at is done again")
            clock = self.ledger.now()
            if clock.env_steps >= judge.due:
                self._evaluate(agent, judge)
            status = reason_to_stop(
                self.settings, clock, judge.solved_at, judge.reached, self.stops.asked
            )
            if status == "budget":
                self._evaluate_last(agent, judge)
                return status if judge.solved_at is None else "solved"
            if status is not None:
                return status
            self._advance(agent, judge, clock)

    def _advance(self, agent: Agent, judge: Judge, clock: Clock) -> None:
        """Train until the next evaluation or the end of the budget."""
        target, budget = judge.due - clock.env_steps, self.settings.budget
        if budget.env_steps is not None:
            target = min(target, budget.env_steps - clock.env_steps)
        self.saver.charge_discarded()
        self.progress.doing("training")
        traffic = self.resources.traffic()
        with self.ledger.phase("train"):
            scalars = agent.advance(target)
        self._check_advance(target, scalars, clock)
        if self.stops.asked:
            self.saver.lose_discarded()
            if self.ledger.now().env_steps < clock.env_steps + target:
                return  # it is reported when the run has gone on and come to that step
        if self.saver.discarded:  # before more is known than the agent's state holds
            self.saver.save_at_end()
        after, messages = self.resources.traffic(), {}
        if after is not None and traffic is not None:
            messages = vars(after.minus(traffic))
        self.log.trained(self.ledger.now(), scalars, **messages)
        if self.saver.due() and not self.saver.discarded:
            self.saver.save()

    def _check_advance(self, env_steps: int, scalars: object, before: Clock) -> None:
        """Raises RunError where a call of `advance` did not do what an agent has to."""
        call = f"agent {self.settings.agent.name}: advance({env_steps})"
        if not isinstance(scalars, Mapping):
            raise RunError(f"{call} returned {type(scalars).__name__}, and a dict is taken")
        if self.ledger.now().env_steps == before.env_steps and not self._should_stop():
            raise RunError(f"{call} made no step")

    def _evaluate(self, agent: Agent, judge: Judge) -> None:
        began, previous = self.ledger.now(), judge.evaluated
        try:
            with self.ledger.phase("eval"):
                policy = agent.policy()
            note = judge.judge(policy)
        except Stopped:  # it is played again from its beginning
            self.ledger.go_back(began)
            raise
        assert judge.evaluated is not None and judge.final_return is not None
        if self.settings.snapshots:
            with self.ledger.phase("checkpoint"):
                keep_snapshot(self.directory, policy, judge.evaluated, previous)
        self.progress.evaluated(
            judge.evaluated,
            judge.final_return,
            due=judge.due,
            solved=judge.solved_at is not None,
            note=note,
        )

    def _evaluate_last(self, agent: Agent, judge: Judge) -> None:
        assert judge.evaluated is not None
        if self.ledger.now().env_steps > judge.evaluated.env_steps:
            self._evaluate(agent, judge)

    def _end(self, status: EndStatus, agent: Agent, judge: Judge) -> EndStatus:
        if not self.saver.discarded:  # else it was saved when that happened
            self.saver.save_at_end()
        with self.ledger.phase("checkpoint"):
            self.directory.write_policy(agent.policy().arrays())
        summary = self._record_end(judge, status)
        self.progress.close()
        with contextlib.suppress(OSError):  # a sweep that started this run may be gone
            where = self.plan.name.directory
            more = "; the same command goes on" if status == "interrupted" else ""
            print(f"{status}: {in_words(summary)}; files in {where}{more}", flush=True)
        return status

    def record_failure(self, error: BaseException) -> None:
        """Say in the run's files why it failed."""
        line = visible(str(error).splitlines()[0]) if str(error) else type(error).__name__
        # Where the disk is full even this fails; what was there before stays as it was.
        with contextlib.suppress(OSError):
            self.directory.check_place()
            text = "".join(traceback.format_exception(error))
            replace_text(self.directory.traceback, text)
            self._record_end(self.judge, "failed", line)

    def _record_end(
        self, judge: Judge | None, status: EndStatus, error: str | None = None
    ) -> Summary:
        self.directory.check_place()
        clock = self.ledger.now()
        if status != "failed":  # what an earlier attempt failed at is mended
            self.directory.traceback.unlink(missing_ok=True)
        self.log.ended(clock, status)
        self.pulse.remove()
        cpu_s = self.ledger.cpu_s() - self.cpu_began_s
        shared = contention(self.machine_began, machine_time(), cpu_s)
        summary = summarise(self.plan, judge, status, clock, self.log.attempt, error, shared)
        write_summary(self.directory.path, summary)
        return summary

    def what_is_done(self) -> tuple[int, int]:
        """What changes while the agent does anything, in this process or its workers."""
        return self.asked, self.resources.counts().env_steps

    def _is_interrupted(self) -> bool:
        self.asked += 1
        if monotonic_s() >= self._next_pulse_s:
            self.pulse.write(self.ledger.now())
            self._next_pulse_s = monotonic_s() + PULSE_EVERY_S
        return self.stops.asked

    def _should_stop(self) -> bool:
        self.progress.tick()
        return self._is_interrupted() or time_is_up(self.settings, self.ledger.train_s())
