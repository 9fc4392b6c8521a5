"""What a run would cost, told before anything starts."""

from __future__ import annotations

from rlbench.harness.plan import RunPlan


def estimate(plan: RunPlan) -> str:
    """The plan of a run in lines: budgets, cores, core-hours, memory, and where its files go.

    An agent class may offer `memory_mb(env, settings) -> float` for what it will allocate.
    """
    settings, facts = plan.settings, plan.env.facts
    seconds, steps = settings.budget.train_seconds, settings.budget.env_steps
    memory_mb = getattr(plan.agent_class, "memory_mb", None)
    lines = [
        f"{settings.agent.name} on {facts.id}, seed {settings.seed}",
        f"  ends at     {_budgets(seconds, steps)}",
        f"  solved at   {'no threshold' if plan.env.threshold is None else plan.env.threshold:}",
        f"  steps       {'as many as fit' if steps is None else f'at most {steps:,}'}"
        + (f" ({steps * facts.frame_skip:,} frames)" if steps and facts.frame_skip > 1 else ""),
        f"  cores       {plan.cores} ({plan.executor}, {plan.workers} worker"
        f"{'s' if plan.workers > 1 else ''})",
        "  core-hours  "
        + (
            "unknown: no budget in seconds"
            if seconds is None
            else f"at most {seconds * plan.cores / 3600:.3g} of training, evaluation not counted"
        ),
        "  memory      "
        + (
            "not told by this agent"
            if memory_mb is None
            else f"{memory_mb(facts, plan.agent_settings):,.0f} MB for what is learned from, "
            "beside the libraries"
        ),
        f"  evaluations {settings.eval.episodes} episodes each, every "
        f"{plan.eval_every_steps:,} steps at most",
        f"  files       {plan.name.directory}",
    ]
    return "\n".join(lines)


def _budgets(seconds: float | None, steps: int | None) -> str:
    parts = []
    if seconds is not None:
        parts.append(f"{seconds:g} s of training")
    if steps is not None:
        parts.append(f"{steps:,} environment steps")
    return " or ".join(parts) + ", whichever comes first" * (len(parts) > 1)
