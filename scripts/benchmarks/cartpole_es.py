"""Evolution strategies on CartPole-v1: from command to confirmed-solved, and steps a second."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.measure import MeasurementError, alternate, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import program

# Of the learning rates 0.05 and 0.1 and the sigmas 0.1, 0.3 and 0.5, over two seeds, this pair
# solved CartPole in the fewest generations.
EVOSAX_SEARCH = ("--population", "256", "--learning-rate", "0.1", "--sigma", "0.1")


def _ours(seed: int, folder: Path) -> float:
    run = single_run(["agent=es", "env=CartPole-v1", f"seed={seed}"], folder / f"ours{seed}")
    if run.summary["status"] != "solved":
        raise MeasurementError(f"CartPole-v1, es, seed {seed}: {run.summary['status']}, not solved")
    return run.process.seconds


class _Peer:
    """One way of running a peer to solved; called with the seed, it gives the seconds it took.

    Where it gives up unsolved it counts with the time until then, which favours it; `gave_up`
    holds those seeds.
    """

    def __init__(self, peer: str, file: str, *words: str) -> None:
        self._command = (peer, file, *words)
        self.gave_up: list[int] = []

    def __call__(self, seed: int) -> float:
        finished = program(*self._command, "--seed", str(seed))
        if not finished.last_json()["solved"]:
            self.gave_up.append(seed)
        return finished.seconds


def solved(plan: Plan) -> Result:
    """From command to confirmed-solved, whole process; round k is seed k on every side."""
    search = ("solved", *EVOSAX_SEARCH)
    evosax = {
        f"evosax, MLP {width}-{width}": _Peer(
            "evosax", "evosax_cartpole.py", *search, "--hidden", width, width
        )
        for width in ("16", "64")
    }
    # A small population needs fewer steps, a large one solves it more often: both are given.
    evotorch = {
        f"EvoTorch PGPE on GymNE, 2 actors, population {population}": _Peer(
            "evotorch", "evotorch_cartpole.py", "--population", population
        )
        for population in ("64", "256")
    }
    peers = {**evosax, **evotorch}
    with scratch() as folder:
        samples = alternate({"rlbench": lambda seed: _ours(seed, folder), **peers}, plan.repeats)
    ours = samples["rlbench"]
    return Result(
        goals=(
            Goal(
                "ES, CartPole-v1, command to confirmed-solved, whole process",
                median(ours), 3.0, "under", "s",
            ),
            Goal(
                "... times faster than evosax + gymnax",
                ratio(min((samples[name] for name in evosax), key=median), ours), 2.5, unit="x",
            ),
            Goal(
                "... times faster than EvoTorch",
                ratio(min((samples[name] for name in evotorch), key=median), ours), 10.0, unit="x",
            ),
        ),
        samples=samples,
        units=dict.fromkeys(samples, "s"),
        notes=(
            "Every side stops when an evaluation of 20 episodes averages 475 and 100 more confirm "
            "it. Each peer counts with the better of its two settings; evosax's step size and "
            "sigma were searched (6 pairs, 2 seeds), EvoTorch's were not (2 pairs, 1 seed).",
            *(
                f"{name} gave up on seeds {peer.gave_up}, and counts there with the time until "
                "then."
                for name, peer in peers.items() if peer.gave_up
            ),
        ),
    )  # fmt: skip


def steps(plan: Plan) -> Result:
    """Useful steps a second in training with an MLP 64-64 and a population of 256."""
    env_steps = plan.size(10_000_000, 500_000)
    overrides = [
        "agent=es", "env=CartPole-v1", "agent.hidden=[64,64]", "agent.population=256",
        "stop_at_threshold=false", f"budget.env_steps={env_steps}", "budget.train_seconds=null",
    ]  # fmt: skip
    generations = str(plan.size(100, 5))
    with scratch() as folder:

        def ours(seed: int) -> float:
            run = single_run([*overrides, f"seed={seed}"], folder / f"steps{seed}")
            return float(run.summary["env_steps_per_s"])

        def evosax(seed: int) -> float:
            finished = program(
                "evosax", "evosax_cartpole.py", "steps", "--hidden", "64", "64",
                "--seed", str(seed), "--generations", generations, *EVOSAX_SEARCH,
            )  # fmt: skip
            return float(finished.last_json()["env_steps_per_s"])

        samples = alternate({"rlbench": ours, "evosax + gymnax": evosax}, plan.repeats)
    return Result(
        goals=(
            Goal(
                "ES, CartPole-v1, MLP 64-64, population 256, useful steps",
                median(samples["rlbench"]), 500_000, unit="steps/s",
            ),
            Goal("... as a multiple of evosax's", ratio(*samples.values()), unit="x"),
        ),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(
            f"Ours: {env_steps:,} steps of training, evaluations off the clock. evosax: after "
            "compilation, steps after an episode's end left out.",
        ),
    )  # fmt: skip
