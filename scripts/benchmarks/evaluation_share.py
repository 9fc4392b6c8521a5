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
MINUTE_S, MINUTE_LIMIT, DEFAULT_LIMIT = 60, 50.0, 25.0


def of_a_minute(plan: Plan) -> Result:
    """Runs with a minute of training, which go on after the threshold. 20 minutes."""
    seconds = plan.size(MINUTE_S, 1)
    words = [f"budget.train_seconds={seconds}", "stop_at_threshold=false"]
    return _share(plan, f"{seconds} s of training", words, MINUTE_LIMIT)


def of_the_default(plan: Plan) -> Result:
    """Runs as a command without a budget makes them: they end solved or after the default budget.
    An hour and more."""
    words = ["budget.train_seconds=1"] if plan.quick else []
    return _share(plan, "default budget", words, DEFAULT_LIMIT)


def _share(plan: Plan, budget: str, words: list[str], limit: float) -> Result:
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for family, env_words in ENVS.items():
        for agent in ("es", "dqn"):
            with scratch() as folder:
                run_words = [f"agent={agent}", *f"env={env_words}".split(), *words]
                summary = single_run(run_words, folder).summary
            name = f"{family}, {agent}, {budget}"
            share = 100 * summary["eval_s"] / summary["wall_s"]
            samples[f"{name}: training"] = [summary["train_s"]]
            samples[f"{name}: evaluation"] = [summary["eval_s"]]
            samples[f"{name}: start-up"] = [summary["startup_s"]]
            goals.append(Goal(f"evaluation, {name}", share, limit, "under", "% of wall time"))
            print(f"  {name}: {share:.0f} % evaluation, {summary['status']}", flush=True)
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=("Default settings, one seed.",),
    )
