"""The judge of a run: evaluates policies, confirms that a run is solved, and keeps what was
reached and when."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from rlbench.harness.evaluate import Evaluation, schedule, settled_after
from rlbench.harness.evaluator import Evaluator
from rlbench.harness.ledger import Ledger
from rlbench.harness.plan import RunPlan
from rlbench.interfaces import Array, Policy
from rlbench.runs.columns import Clock
from rlbench.runs.log import RunLog
from rlbench.runs.reading import MAX_STEPS, number, whole
from rlbench.runs.records import Mark
from rlbench.runs.summary import mark_from_json, mark_to_json
from rlbench.seeding import Seeds

FAR = 10**6  # evaluations ahead that are not counted one by one


class Judge:
    """Holds every agent to the same episodes and the same rule (design section 4).

    reached: each timed level and the first evaluation at or above it, or None; for the threshold
    the first that fresh episodes confirmed. evaluated: the clock of the latest
    evaluation. due: the env_steps at which the next one is due. best_policy: the arrays of the best
    policy not yet saved. playing: called with "evaluating" or "confirming", the episodes that have
    ended and how many there are.
    """

    def __init__(
        self,
        plan: RunPlan,
        ledger: Ledger,
        log: RunLog,
        evaluator: Evaluator,
        playing: Callable[[str, int, int], None] = lambda what, ended, episodes: None,
    ) -> None:
        self._playing = playing
        self._settings, self._ledger, self._log = plan.settings.eval, ledger, log
        self._evaluator, self._bounds = evaluator, _return_bounds(plan)
        self._schedule = plan.eval_schedule
        self._points = schedule(plan.eval_schedule)
        self._gap_per_step = plan.eval_schedule.gap_per_step
        self.due = next(self._points)
        self.threshold = plan.env.threshold
        self.reached: dict[float, Mark | None] = dict.fromkeys(plan.env.levels)
        self.evaluated: Clock | None = None
        self.final_return: float | None = None
        self.best_return: float | None = None
        self.best_policy: dict[str, Array] | None = None
        seeds = Seeds(plan.settings.seed)
        self._episodes, self._fresh = seeds.child("evaluation"), seeds.child("confirmation")

    @property
    def solved_at(self) -> Mark | None:
        return None if self.threshold is None else self.reached[self.threshold]

    def judge(self, policy: Policy) -> str:
        """Evaluate `policy`, log it, and see what it has reached; a note on a confirmation.

        Raises Stopped where the evaluation, or its confirmation, was stopped before its end: then
        nothing has changed, and it is still due.
        """
        previous = self.evaluated
        with self._ledger.phase("eval"):
            episodes = self._settings.episodes
            watch = partial(self._watch, "evaluating", episodes)
            result = self._evaluator.play(policy, episodes, self._episodes, watch=watch)
        clock = self._ledger.now()
        confirmation = self._confirm(policy, clock) if self._may_be_solved(result) else None
        self._log.evaluated(
            clock,
            returns=result.returns,
            lengths=result.lengths,
            truncated=result.truncated,
            previous=previous,
        )
        self.evaluated, mark = clock, Mark(clock, previous)
        if clock.env_steps >= self.due:  # else one at the end, which shifts none to come
            self._pass_over(clock.env_steps + self._gap_per_step * result.steps)
            self._pass_over(clock.env_steps + 1)
        self.final_return = result.return_mean
        if self.best_return is None or result.return_mean > self.best_return:
            self.best_return, self.best_policy = result.return_mean, dict(policy.arrays())
        for level, at in self.reached.items():
            if at is None and result.return_mean >= level and level != self.threshold:
                self.reached[level] = mark
        return "" if confirmation is None else self._confirmed(confirmation, mark)

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint holds of this, as JSON values."""
        return {
            "reached": [[level, mark_to_json(at)] for level, at in self.reached.items()],
            "final_return": self.final_return,
            "best_return": self.best_return,
            "evaluated": None if self.evaluated is None else self.evaluated.row(),
            "due": self.due,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError for what is no state."""
        for level, at in state["reached"]:
            if level in self.reached:
                self.reached[level] = mark_from_json(at)
        returns = [state[name] for name in ("final_return", "best_return")]
        if any(
            value is not None and number(value, -math.inf, math.inf) is None for value in returns
        ):
            raise ValueError("a return is no number")
        self.final_return, self.best_return = returns
        due = whole(state["due"], 0, MAX_STEPS)
        if due is None:
            raise ValueError("the next evaluation cannot be due then")
        self._pass_over(due)
        if state["evaluated"] is not None:
            self.evaluated = Clock.from_row(state["evaluated"])
            if self.evaluated is None:
                raise ValueError("the clock of the last evaluation cannot be used")

    def _may_be_solved(self, result: Evaluation) -> bool:
        threshold = self.threshold
        return threshold is not None and not self.solved_at and result.return_mean >= threshold

    def _confirm(self, policy: Policy, clock: Clock) -> Evaluation:
        # Fresh seeds at each attempt, named by the step so that an extra evaluation (at the end of
        # a budget that is later raised) does not shift the seeds of those to come.
        seeds = self._fresh.child(str(clock.env_steps))
        with self._ledger.phase("eval"):
            episodes = self._settings.confirmation_episodes
            watch = partial(self._watch, "confirming", episodes)
            return self._evaluator.play(policy, episodes, seeds, self._enough, watch)

    def _confirmed(self, result: Evaluation, mark: Mark) -> str:
        """Log a confirmation, and keep what it decided; a note on it."""
        assert self.threshold is not None
        confirmed = result.return_mean >= self.threshold
        self._log.confirmed(
            mark.at,
            threshold=self.threshold,
            confirmed=confirmed,
            mean=result.return_mean,
            episodes=len(result.returns),
        )
        if confirmed:
            self.reached[self.threshold] = mark
        return confirmation_note(result, self.threshold, self._settings.confirmation_episodes)

    def _enough(self, played: Evaluation) -> int | None:
        """How many of a confirmation's first episodes settle it; None: they do not."""
        if self._bounds is None or self.threshold is None:
            return None
        episodes = self._settings.confirmation_episodes
        return settled_after(played.returns, episodes, self.threshold, self._bounds)

    def _watch(self, what: str, episodes: int, ended: int) -> None:
        self._playing(what, ended, episodes)

    def _pass_over(self, env_steps: float) -> None:
        """No point of the schedule before `env_steps` is due any more."""
        env_steps = min(env_steps, MAX_STEPS)
        if env_steps - self.due > FAR * self._schedule.every_steps:
            self._points = schedule(self._schedule, env_steps)
        while self.due < env_steps:
            self.due = next(self._points)


def confirmation_note(played: Evaluation, threshold: float, episodes: int) -> str:
    """What a confirmation of so many episodes came to, for the end of a progress line."""
    verdict = "confirmed" if played.return_mean >= threshold else "not confirmed"
    number = len(played.returns)
    over = f"{number} fresh episodes"
    if number < episodes:
        over = f"{number} of {episodes} fresh episodes; the rest cannot change it"
    return f" | {verdict}: {played.return_mean:.1f} over {over}"


def _return_bounds(plan: RunPlan) -> tuple[float, float] | None:
    """The least and the largest return of an evaluation's episode, where they are known."""
    if plan.env.step_rewards is None:
        return None
    (low, high), cap = plan.env.step_rewards, plan.eval_max_episode_steps
    return min(low, low * cap), max(high, high * cap)
