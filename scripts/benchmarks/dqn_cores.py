"""DQN on vectors with one core and with two: what a second core can be used for."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.measure import alternate, rlbench, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from rlbench.runs.load import load_runs

ENVS = ("CartPole-v1", "Acrobot-v1", "LunarLander-v3", "HalfCheetah-v5")
SECONDS = 10
WAYS = {
    "one core": ["cores=1"],
    "two cores": ["cores=2"],
    "two cores, acting beside learning": ["cores=2", "agent.overlap=true"],
    "two cores, two threads": ["cores=2", "agent.threads=2"],
    "two cores, 16 lanes": ["cores=2", "agent.num_lanes=16"],
}
BASE = "two cores"
# Seeds from 100 on are for tuning; no report counts them.
FIRST_TUNING_SEED = 100
SOLVED_ENVS = ("CartPole-v1", "Acrobot-v1")


def steps(plan: Plan) -> Result:
    """Steps a second of training, each way in turn, as a multiple of the default on two cores."""
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for env in ENVS if not plan.quick else ENVS[:1]:
        with scratch() as folder:

            def rate(way: str, number: int, env: str = env, folder: Path = folder) -> float:
                words = [
                    "agent=dqn", f"env={env}", "stop_at_threshold=false", "eval.episodes=1",
                    "eval.first_steps=100000000", f"seed={FIRST_TUNING_SEED + number}",
                    f"budget.train_seconds={plan.size(SECONDS, 1)}", *WAYS[way],
                ]  # fmt: skip
                files = single_run(words, folder / f"{list(WAYS).index(way)}-{number}")
                return float(files.summary["env_steps_per_s"])

            sides = {way: lambda number, way=way: rate(way, number) for way in WAYS}
            taken = alternate(sides, plan.repeats)
        samples |= {f"{env}, {way}": values for way, values in taken.items()}
        goals += [
            Goal(f"DQN, {env}, {way}, steps/s as a multiple of the default on {BASE}",
                 ratio(taken[way], taken[BASE]), unit="x")
            for way in WAYS if way != BASE
        ]  # fmt: skip
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(
            f"{SECONDS} s of training each, tuned settings, no evaluation in between. 16 lanes "
            "change what is learned; so does acting beside learning, with older parameters.",
        ),
    )


def solved(plan: Plan) -> Result:
    """Seconds of training to solved with and without acting beside learning, on tuning seeds."""
    seeds = plan.size(10, 1)
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    notes: list[str] = []
    for env in SOLVED_ENVS if not plan.quick else SOLVED_ENVS[:1]:
        medians = {}
        for overlap in ("false", "true"):
            with scratch() as folder:
                last = FIRST_TUNING_SEED + seeds
                listed = ",".join(map(str, range(FIRST_TUNING_SEED, last)))
                rlbench(
                    [
                        "-m", "agent=dqn", f"env={env}", f"seed={listed}", "cores=2",
                        f"agent.overlap={overlap}", f"results_dir={folder}",
                        f"budget.train_seconds={plan.size(60, 2)}",
                    ]
                )  # fmt: skip
                runs = load_runs(folder).runs
            times = [run.solved_at.at.train_s for run in runs if run.solved_at is not None]
            name = f"{env}, overlap={overlap}, seconds to solved"
            samples[name] = times
            medians[overlap] = median(times) if times else None
            notes.append(f"{name}: {len(times)} of {len(runs)} seeds solved.")
        waits, overlaps = medians["false"], medians["true"]
        measured = waits / overlaps if waits and overlaps else None
        goals.append(
            Goal(
                f"DQN, {env}, median seconds to solved: waiting over acting beside learning",
                measured, unit="x", remark="no seed was solved",
            )
        )  # fmt: skip
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=tuple(notes),
    )
