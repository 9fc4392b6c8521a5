"""How much of the wait is evaluation, in every family and for both agents."""

from __future__ import annotations

from benchmarks.measure import scratch, single_run
from benchmarks.model import Goal, Plan, Result

ENVS = {
    "classic control": "Acrobot-v1",
    "CartPole (lanes as arrays)": "CartPole-v1",
    "Box2D": "LunarLander-v3",
    "MuJoCo": "HalfCheetah-v5",
    "Atari from pixels": "ALE/Boxing-v5",
    "Atari from memory": "ALE/Boxing-v5 +env.kwargs.obs_type=ram",
}
MINUTE_S, MINUTE_LIMIT = 60, 50.0
DEFAULT_S, DEFAULT_LIMIT = 600, 25.0


def of_a_minute(plan: Plan) -> Result:
    """Runs with a minute of training."""
    return _share(plan, MINUTE_S, MINUTE_LIMIT)


def of_the_default(plan: Plan) -> Result:
    """Runs with the default budget. Two hours and more."""
    return _share(plan, DEFAULT_S, DEFAULT_LIMIT)


def _share(plan: Plan, seconds: int, limit: float) -> Result:
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for family, words in ENVS.items():
        for agent in ("es", "dqn"):
            env, *more = words.split()
            overrides = [
                f"agent={agent}", f"env={env}", *more, "stop_at_threshold=false",
                f"budget.train_seconds={plan.size(seconds, 1)}",
            ]  # fmt: skip
            with scratch() as folder:
                summary = single_run(overrides, folder).summary
            name = f"{family}, {agent}, {seconds} s of training"
            share = 100 * summary["eval_s"] / summary["wall_s"]
            samples[f"{name}: training"] = [summary["train_s"]]
            samples[f"{name}: evaluation"] = [summary["eval_s"]]
            samples[f"{name}: start-up"] = [summary["startup_s"]]
            goals.append(Goal(f"evaluation, {name}", share, limit, "under", "% of wall time"))
            print(f"  {name}: {share:.0f} % evaluation", flush=True)
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=("Default settings, one seed, the run goes on after the threshold.",),
    )
