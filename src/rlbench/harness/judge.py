"""The judge of a run: evaluates policies, confirms that a run is solved, and keeps what was
reached and when."""

from __future__ import annotations

from typing import Any

from rlbench.harness.evaluate import Evaluation, evaluate
from rlbench.harness.ledger import Ledger
from rlbench.harness.plan import RunPlan
from rlbench.harness.stopping import is_done
from rlbench.interfaces import Array, Policy
from rlbench.runs.columns import Clock
from rlbench.runs.writer import RunLog
from rlbench.seeding import Seeds
from rlbench.settings import Settings

Moment = dict[str, Any]  # the clock at which a level was reached, as in summary.json


class Judge:
    """Holds every agent to the same episodes and the same rule (design section 4).

    reached: each timed level and the moment of the first evaluation at or above it, or None; for
    the threshold the first that 100 fresh episodes confirmed. evaluated: the clock of the latest
    evaluation. best_policy: the arrays of the best policy not yet saved.
    """

    def __init__(self, plan: RunPlan, ledger: Ledger, log: RunLog) -> None:
        self._settings, self._ledger, self._log = plan.settings.eval, ledger, log
        self.threshold = plan.env.threshold
        self.reached: dict[float, Moment | None] = dict.fromkeys(plan.env.levels)
        self.evaluated: Clock | None = None
        self.final_return: float | None = None
        self.best_return: float | None = None
        self.best_policy: dict[str, Array] | None = None
        seeds = Seeds(plan.settings.seed)
        self._episodes, self._fresh = seeds.child("evaluation"), seeds.child("confirmation")
        # In arrays a hundred lanes cost little more than twenty, and are done sooner.
        lanes = self._settings.episodes
        if plan.env.facts.native_vector:
            lanes = max(lanes, self._settings.confirmation_episodes)
        self._lanes = plan.env.lanes(lanes, plan.eval_max_episode_steps)

    @property
    def solved_at(self) -> Moment | None:
        return None if self.threshold is None else self.reached[self.threshold]

    def is_done(self, settings: Settings) -> bool:
        """Whether all that the run is to stop at has been reached."""
        return is_done(settings, self.solved_at, self.reached)

    def judge(self, policy: Policy) -> str:
        """Evaluate `policy`, log it, and see what it has reached; a note on a confirmation."""
        previous = self.evaluated
        with self._ledger.phase("eval"):
            result = evaluate(policy, self._lanes, self._settings.episodes, self._episodes)
        clock = self.evaluated = self._ledger.now()
        before = {
            "previous_train_s": None if previous is None else round(previous.train_s, 6),
            "previous_env_steps": None if previous is None else previous.env_steps,
        }
        self._write(clock, result, before)
        self.final_return = result.return_mean
        if self.best_return is None or result.return_mean > self.best_return:
            self.best_return, self.best_policy = result.return_mean, dict(policy.arrays())
        note = ""
        for level, at in self.reached.items():
            if at is None and result.return_mean >= level:
                moment = _moment(clock) | before
                if level == self.threshold:
                    note = self._confirm(policy, moment)
                else:
                    self.reached[level] = moment
        return note

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint holds of this, as JSON values."""
        return {
            "reached": [[level, at] for level, at in self.reached.items()],
            "final_return": self.final_return,
            "best_return": self.best_return,
            "evaluated": None if self.evaluated is None else self.evaluated.row(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        for level, at in state["reached"]:
            if level in self.reached:
                self.reached[level] = at
        self.final_return, self.best_return = state["final_return"], state["best_return"]
        if state["evaluated"] is not None:
            self.evaluated = Clock.from_row(state["evaluated"])

    def close(self) -> None:
        self._lanes.close()

    def _confirm(self, policy: Policy, moment: Moment) -> str:
        clock, threshold = self.evaluated, self.threshold
        assert clock is not None and threshold is not None
        episodes = self._settings.confirmation_episodes
        with self._ledger.phase("eval"):
            # Fresh seeds at each attempt, named by the step so that an extra evaluation (at the
            # end of a budget that is later raised) does not shift the seeds of those to come.
            seeds = self._fresh.child(str(clock.env_steps))
            result = evaluate(policy, self._lanes, episodes, seeds)
        confirmed = result.return_mean >= threshold
        self._log.write(
            "solved",
            clock,
            threshold=threshold,
            confirmed=confirmed,
            confirmation_mean=result.return_mean,
            confirmation_episodes=episodes,
        )
        if confirmed:
            self.reached[threshold] = moment
        verdict = "confirmed" if confirmed else "not confirmed"
        return f" | {verdict}: {result.return_mean:.1f} over {episodes} fresh episodes"

    def _write(self, clock: Clock, result: Evaluation, before: dict[str, Any]) -> None:
        self._log.write(
            "eval",
            clock,
            returns=result.returns,
            return_mean=result.return_mean,
            lengths=result.lengths,
            truncated=result.truncated,
            **before,
        )


def _moment(clock: Clock) -> Moment:
    row = clock.row()
    keys = ("env_steps", "train_s", "cpu_s", "train_cpu_s", "wall_s", "startup_s")
    return {key: row[key] for key in keys}
