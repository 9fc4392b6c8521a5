"""How long a run may still take by the wall clock, its evaluations included."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlbench.envs.family import EvalSchedule
from rlbench.runs.columns import Clock
from rlbench.settings import BudgetSettings


@dataclass(frozen=True)
class Evaluations:
    """What is known of the evaluations to come: the step at which the next one is due, the steps
    between the last one and that, and the seconds that the last one took."""

    due: int
    gap_steps: int
    each_s: float


def time_left_s(
    clock: Clock, budget: BudgetSettings, schedule: EvalSchedule, coming: Evaluations | None
) -> float | None:
    """Seconds until the budget is used up, at the speed so far; None before any training.

    Each evaluation to come is taken to be as long as the last one.
    """
    speed = clock.env_steps_per_s
    if speed is None or coming is None:
        return None
    left = []
    if budget.train_seconds is not None:
        left.append(budget.train_seconds - clock.train_s)
    if budget.env_steps is not None and speed:
        left.append((budget.env_steps - clock.env_steps) / speed)
    if not left:
        return None
    train_s = max(0.0, min(left))
    last_step = clock.env_steps + train_s * speed
    return train_s + coming.each_s * evaluations_until(last_step, schedule, coming)


def evaluations_until(last_step: float, schedule: EvalSchedule, coming: Evaluations) -> float:
    """About how many evaluations there are from `coming.due` up to `last_step`, and one at the end.

    The gap between two grows with the steps, between `coming.gap_steps` and
    `schedule.every_steps`; so their number is an integral, which takes no time even where there are
    thousands.
    """
    rate = schedule.growth - 1
    least = float(max(1, coming.gap_steps))
    largest = max(least, float(schedule.every_steps))
    begin, end = float(coming.due), max(float(coming.due), last_step)
    grows_from = min(max(begin, least / rate), end)
    grows_until = min(max(grows_from, largest / rate), end)
    number = (grows_from - begin) / least + (end - grows_until) / largest
    if grows_until > grows_from > 0:
        number += math.log(grows_until / grows_from) / math.log(schedule.growth)
    return number + (1 if last_step <= coming.due else 2)
