"""What a run would cost, estimated before anything starts."""

from __future__ import annotations

from dataclasses import dataclass

from rlbench.envs.family import EvalSchedule
from rlbench.errors import RlbenchError
from rlbench.harness.evaluate import schedule
from rlbench.harness.memory import available_mb
from rlbench.harness.plan import RunPlan
from rlbench.harness.screen import duration
from rlbench.harness.speed import Speed, probe, recorded


@dataclass(frozen=True)
class Cost:
    """The most that a run may take, at the speed that was measured; None if unknown.

    train_s: of training. env_steps: that this comes to. eval_s: of evaluation beside it, where all
    episodes are as long as they may be. least_eval_s: the same with episodes as long as those of
    the probe, whose policy has learned for seconds only. wall_s: all together, the startup
    included. core_hours: of all that. memory_mb: what the agent learns from, in MiB, beside the
    libraries.
    """

    train_s: float | None
    env_steps: int | None
    eval_s: float | None
    least_eval_s: float | None
    wall_s: float | None
    core_hours: float | None
    memory_mb: float | None


def measured(plan: RunPlan) -> Speed | str:
    """How fast the run will go; where nothing measures it, why."""
    try:
        return recorded(plan) or probe(plan)
    except (RlbenchError, MemoryError) as error:
        return str(error) or type(error).__name__


def cost(plan: RunPlan, speed: Speed | None) -> Cost:
    """What the run that `plan` describes may take at most; a run that reaches its goal takes
    less."""
    train_s, steps = plan.settings.budget.train_seconds, plan.settings.budget.env_steps
    if speed is None or speed.steps_per_s <= 0:
        return Cost(train_s, steps, None, None, None, None, plan.memory_mb)
    if steps is not None and (train_s is None or steps / speed.steps_per_s < train_s):
        train_s = steps / speed.steps_per_s
    assert train_s is not None
    most_steps = round(train_s * speed.steps_per_s)
    if speed.eval_share is not None:
        eval_s = least_s = speed.eval_share * train_s
    else:
        assert speed.eval_s is not None and speed.eval_steps is not None
        longest = plan.settings.eval.episodes * plan.eval_max_episode_steps
        number = evaluations(plan.eval_schedule, most_steps, speed.eval_steps)
        least_s = number * speed.eval_s
        number = evaluations(plan.eval_schedule, most_steps, longest)
        longer = longest / max(speed.eval_steps, 1.0)
        eval_s = max(least_s, number * longer * speed.eval_s)
    wall_s = speed.startup_s + train_s + eval_s
    core_hours = wall_s * plan.cores / 3600
    return Cost(train_s, most_steps, eval_s, least_s, wall_s, core_hours, plan.memory_mb)


def evaluations(when: EvalSchedule, steps: int, played: float) -> int:
    """How many evaluations fall due in a run of so many `steps` of training, the one at its end
    included, where each of them plays so many steps."""
    gap, number, last, before = when.gap_per_step * played, 0, 0, 0
    for due in schedule(when):
        if due >= steps:
            break
        if due == 0 or due - last >= gap:
            number, last = number + 1, due
        if due - before >= when.every_steps and number > 1:  # from here on they are evenly apart
            every = when.every_steps * max(1, -(-gap // when.every_steps))
            number += int((steps - 1 - last) // every)
            break
        before = due
    return number + 1


def estimate(plan: RunPlan, *, measure: bool = True) -> str:
    """The plan of a run in lines: budgets, cores, time, core-hours, memory, and where its files
    go. measure: find out how fast it goes here."""
    settings, facts = plan.settings, plan.env.facts
    found = measured(plan) if measure else "dry_run=quick measures nothing"
    speed = found if isinstance(found, Speed) else None
    most = cost(plan, speed)
    lines = [
        f"{settings.agent.name} on {facts.id}, seed {settings.seed}",
        f"  ends at     {_budgets(settings.budget.train_seconds, settings.budget.env_steps)}",
        f"  solved at   {'no threshold' if plan.env.threshold is None else plan.env.threshold}",
        f"  cores       {plan.cores} ({plan.executor}, {plan.workers} worker"
        f"{'s' if plan.workers > 1 else ''})",
        f"  speed       {_speed(found)}",
        f"  steps       {_steps(plan, most)}",
        f"  time        {_time(most)}",
        f"  core-hours  {_core_hours(most)}",
        f"  memory      {memory_words(most.memory_mb)}",
        f"  evaluations {_evaluations(plan)}",
        f"  evaluating  {_evaluated_steps(plan)}",
        f"  files       {plan.name.directory}",
    ]
    return "\n".join(lines)


def memory_words(memory_mb: float | None) -> str:
    """A need of memory in words, and whether there is so much."""
    if memory_mb is None:
        return "unknown: this agent gives no estimate"
    free = available_mb()
    short = f"; only {free:,.0f} MB are free" if memory_mb > free else ""
    needs = f"{memory_mb:,.0f}" if memory_mb >= 1 else "below 1"
    return f"{needs} MB for what is learned from, beside the libraries{short}"


def _speed(found: Speed | str) -> str:
    if isinstance(found, str):
        return f"not measured: {found}"
    return f"{found.steps_per_s:,.0f} steps of training a second ({found.source})"


def _steps(plan: RunPlan, most: Cost) -> str:
    if most.env_steps is None:
        return "as many as fit"
    skip = plan.env.facts.frame_skip
    frames = "" if skip == 1 else f" ({most.env_steps * skip:,} frames)"
    asked = most.env_steps == plan.settings.budget.env_steps
    return f"at most {'' if asked else 'about '}{most.env_steps:,}{frames}"


def _time(most: Cost) -> str:
    if most.wall_s is None or most.train_s is None or most.eval_s is None:
        limit = "" if most.train_s is None else f"at most {duration(most.train_s)} of training; "
        return f"{limit}in all not known, as nothing was measured"
    least_s = most.least_eval_s or 0.0
    if most.eval_s <= 1.1 * least_s:
        return (
            f"at most about {duration(most.wall_s)}: {duration(most.train_s)} of training, "
            f"{most.eval_s / most.wall_s:.0%} of the time evaluation"
        )
    shortest_s = most.wall_s - most.eval_s + least_s
    return (
        f"between about {duration(shortest_s)} and {duration(most.wall_s)}: "
        f"{duration(most.train_s)} of training, the rest evaluation,\n"
        f"{'':14}with episodes as short as in the probe, or as long as they may be"
    )


def _core_hours(most: Cost) -> str:
    if most.core_hours is None:
        return "not known, as nothing was measured"
    return f"at most about {hours(most.core_hours)}, evaluation included"


def hours(number: float) -> str:
    """Core-hours with two digits that count; never less than a hundredth."""
    return f"{number:,.0f}" if number >= 10 else f"{max(number, 0.01):.2g}"


def _evaluations(plan: RunPlan) -> str:
    when, episodes = plan.eval_schedule, plan.settings.eval.episodes
    return (
        f"{episodes} episodes each, at 0 and {when.first_steps:,} steps, then after each "
        f"{when.growth - 1:.0%} more, later every {when.every_steps:,} steps"
    )


def _evaluated_steps(plan: RunPlan) -> str:
    """What evaluation can cost at most beside training, in steps of the environment."""
    each = plan.settings.eval.episodes * plan.eval_max_episode_steps
    gap, budget = plan.eval_schedule.gap_per_step, plan.settings.budget.env_steps
    if budget is None:
        share = "however few training takes"
        if gap:
            steps = "each step" if gap == 1 else f"{gap:g} steps"
            share = f"and in all about one for {steps} of training"
        return f"at most {each:,} steps each time, {share}; confirmations not counted"
    most = evaluations(plan.eval_schedule, budget, 0.0) * each
    if gap:  # all but the last two are followed by so much training
        most = min(most, round(budget / gap) + 2 * each)
    return (
        f"at most {each:,} steps each time and {most:,} in all, {most / (most + budget):.0%} of "
        "the run's steps; confirmations not counted"
    )


def _budgets(seconds: float | None, steps: int | None) -> str:
    parts = []
    if seconds is not None:
        parts.append(f"{seconds:g} s of training")
    if steps is not None:
        parts.append(f"{steps:,} environment steps")
    return " or ".join(parts) + ", whichever comes first" * (len(parts) > 1)
