"""What a run would cost, estimated before anything starts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from rlbench.harness.evaluate import schedule
from rlbench.harness.plan import RunPlan


@dataclass(frozen=True)
class Cost:
    """The most that a run may take; None if unbounded or unknown.

    core_hours: of training; evaluation comes on top. memory_mb: what the agent learns from, in
    MiB, beside the libraries.
    """

    core_hours: float | None
    env_steps: int | None
    env_frames: int | None
    memory_mb: float | None


def cost(plan: RunPlan) -> Cost:
    """What the run that `plan` describes may take at most."""
    seconds, steps = plan.settings.budget.train_seconds, plan.settings.budget.env_steps
    return Cost(
        core_hours=None if seconds is None else seconds * plan.cores / 3600,
        env_steps=steps,
        env_frames=None if steps is None else steps * plan.env.facts.frame_skip,
        memory_mb=plan.memory_mb,
    )


def estimate(plan: RunPlan) -> str:
    """The plan of a run in lines: budgets, cores, core-hours, memory, and where its files go."""
    settings, facts, most = plan.settings, plan.env.facts, cost(plan)
    memory = "unknown: this agent gives no estimate"
    if most.memory_mb is not None:
        memory = f"{most.memory_mb:,.0f} MB for what is learned from, beside the libraries"
    hours = "unknown: no budget in seconds"
    if most.core_hours is not None:
        hours = f"at most {most.core_hours:.3g} of training, evaluation not counted"
    steps = "as many as fit"
    if most.env_steps is not None:
        steps = f"at most {most.env_steps:,}{frames_in_brackets(most)}"
    lines = [
        f"{settings.agent.name} on {facts.id}, seed {settings.seed}",
        f"  ends at     {_budgets(settings.budget.train_seconds, most.env_steps)}",
        f"  solved at   {'no threshold' if plan.env.threshold is None else plan.env.threshold}",
        f"  steps       {steps}",
        f"  cores       {plan.cores} ({plan.executor}, {plan.workers} worker"
        f"{'s' if plan.workers > 1 else ''})",
        f"  core-hours  {hours}",
        f"  memory      {memory}",
        f"  evaluations {_evaluations(plan)}",
        f"  evaluating  {_evaluated_steps(plan)}",
        f"  files       {plan.name.directory}",
    ]
    return "\n".join(lines)


def _evaluations(plan: RunPlan) -> str:
    when, episodes = plan.eval_schedule, plan.settings.eval.episodes
    return (
        f"{episodes} episodes each, at 0 and at {when.first_steps:,} steps, then every "
        f"{when.growth - 1:.0%}, up to every {when.every_steps:,} steps"
    )


def _evaluated_steps(plan: RunPlan) -> str:
    """What evaluation can cost at most beside training, in steps of the environment."""
    each = plan.settings.eval.episodes * plan.eval_max_episode_steps
    gap, budget = plan.eval_schedule.gap_per_step, plan.settings.budget.env_steps
    if budget is None:
        share = f"and one for each {gap:g} of training" if gap else "whatever training takes"
        return f"at most {each:,} steps at a time, {share}; confirmations not counted"
    points = itertools.takewhile(lambda due: due < budget, schedule(plan.eval_schedule))
    most = (sum(1 for _ in points) + 1) * each
    if gap:  # all but the last two are followed by so much training
        most = min(most, round(budget / gap) + 2 * each)
    return (
        f"at most {each:,} steps at a time and {most:,} in all, {most / (most + budget):.0%} of "
        "the run's steps; confirmations not counted"
    )


def frames_in_brackets(most: Cost) -> str:
    """The budget's frames in brackets, where there are more of them than steps."""
    return "" if most.env_frames == most.env_steps else f" ({most.env_frames:,} frames)"


def _budgets(seconds: float | None, steps: int | None) -> str:
    parts = []
    if seconds is not None:
        parts.append(f"{seconds:g} s of training")
    if steps is not None:
        parts.append(f"{steps:,} environment steps")
    return " or ".join(parts) + ", whichever comes first" * (len(parts) > 1)
