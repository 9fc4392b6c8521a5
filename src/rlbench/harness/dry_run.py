"""What a run would cost, estimated before anything starts."""

from __future__ import annotations

from dataclasses import dataclass

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
        f"  evaluations {settings.eval.episodes} episodes each, every "
        f"{plan.eval_every_steps:,} steps at most",
        f"  files       {plan.name.directory}",
    ]
    return "\n".join(lines)


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
