"""Evolution strategies with all cores against the bare environments, and against EvoTorch.

What a step costs depends on what the policy does (legs on the ground cost more than free fall), so
bare environments under random actions would be another workload. Instead a run is made twice with
one seed: once as it is, for its speed, and once on the same environment under an id that writes
down every episode's reset seed and actions. The bare processes, one a core, then replay exactly
those episodes: Gymnasium's `reset` and `step` in a loop, nothing else.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks.measure import MeasurementError, RunFiles, alternate, run, scratch, single_run
from benchmarks.model import Goal, Plan, Result, ratio
from benchmarks.peers import PROGRAMS, program

SEED = 0
CORES = os.cpu_count() or 1
# A round of some seconds: the machine's speed drifts by a third within a minute, and what is
# compared has to lie close together.
SHORT_ROUNDS = 4
# As the goal for CartPole-v1 names them.
MLP_AND_POPULATION = ("agent.hidden=[64,64]", "agent.population=256")


def _agent_overrides(run_dir: Path) -> list[str]:
    """The agent's settings of a run, as words of a command line: a tuned YAML may have set them."""
    agent = yaml.safe_load((run_dir / "config.yaml").read_text())["agent"]
    settings = {k: v for k, v in agent.items() if k not in ("name", "_target_")}
    return [f"agent.{key}={yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}"
            for key, value in settings.items()]  # fmt: skip


def _record(env: str, plain: RunFiles, common: list[str], folder: Path) -> Path:
    """Repeat the run `plain` on the recording environment; the folder with its training episodes.

    Raises MeasurementError unless the recorded training is the plain run's, step for step in sum.
    """
    episodes = folder / "episodes"
    episodes.mkdir()
    words = ["agent=es", f"env=recorded_envs:Recorded/{env}", *common]
    recorded = single_run(
        [*words, *_agent_overrides(plain.directory)],
        folder / "recorded",
        {"PYTHONPATH": str(PROGRAMS), "RLBENCH_RECORD_DIR": str(episodes)},
    )
    # The main process only evaluates; workers train.
    for file in episodes.glob(f"{recorded.process.pid}-*.txt"):
        file.unlink()
    steps = sum(len(line.split()) - 1 for file in episodes.glob("*.txt") for line in file.open())
    counted = {run.summary["env_steps"] for run in (plain, recorded)}
    if counted != {steps}:
        raise MeasurementError(
            f"{env}: {steps} training steps recorded, the runs counted {sorted(counted)}"
        )
    return episodes


def _against_bare(
    plan: Plan,
    folder: Path,
    env: str,
    env_steps: int,
    variants: dict[str, tuple[str, ...]],
    peers: dict[str, Callable[[int], float]],
    simulator: bool = False,
) -> dict[str, list[float]]:
    """Samples of steps a second: of each of `variants` (name to words of the command line), under
    "bare, NAME" of the bare environments on its episodes, under "simulator, NAME" of the simulator
    alone where asked for, and of `peers`."""
    sides: dict[str, Callable[[int], float]] = {}
    for name, settings in variants.items():
        common = [
            f"seed={SEED}", "executor=process", f"cores={CORES}", "stop_at_threshold=false",
            f"budget.env_steps={env_steps}", "budget.train_seconds=null", "eval.episodes=1",
            "eval.every_steps=1000000000", "eval.first_steps=1000000000", *settings,
        ]  # fmt: skip
        home = folder / str(len(sides))
        home.mkdir()
        words = ["agent=es", f"env={env}", *common]
        plain = single_run(words, home / "plain")
        episodes = _record(env, plain, common, home)

        def ours(number: int, words: list[str] = words, home: Path = home) -> float:
            return float(single_run(words, home / f"ours{number}").summary["env_steps_per_s"])

        def bare(_: int, episodes: Path = episodes, words: tuple[str, ...] = ()) -> float:
            command = [sys.executable, str(PROGRAMS / "bare_env.py"), env, str(episodes)]
            done = run([*command, "--processes", str(CORES), *words])
            return float(done.last_json()["env_steps_per_s"])

        sides |= {name: ours, f"bare, {name}": bare}
        if simulator:
            sides[f"simulator, {name}"] = functools.partial(bare, words=("--simulator",))
    return alternate(sides | peers, SHORT_ROUNDS * plan.repeats)


def lunarlander(plan: Plan) -> Result:
    """Training steps a second with all cores as a share of the bare environments'."""
    env = "LunarLander-v3"
    variants = {"MLP 64-64, population 256": MLP_AND_POPULATION, "tuned settings": ()}
    limits = {"MLP 64-64, population 256": 0.8, "tuned settings": None}
    with scratch() as folder:
        samples = _against_bare(plan, folder, env, plan.size(250_000, 20_000), variants, {})
    return Result(
        goals=tuple(
            Goal(
                f"ES, {env}, {CORES} cores, {name}, share of the bare environments' steps/s",
                ratio(samples[name], samples[f"bare, {name}"]), limits[name],
            )
            for name in variants
        ),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(_REPLAYED,),
    )  # fmt: skip


def mujoco(plan: Plan) -> Result:
    """The same on HalfCheetah and Humanoid, and against EvoTorch with as many actors."""
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for env, env_steps in (("HalfCheetah-v5", 192_000), ("Humanoid-v5", 48_000)):
        size = plan.size(env_steps, 8_000)
        words = (env, "--actors", str(CORES), "--env-steps", str(size // 4))

        def evotorch(_: int, words: tuple[str, ...] = words) -> float:
            return float(program("evotorch", "evotorch_steps.py", *words).last_json()[
                "env_steps_per_s"
            ])  # fmt: skip

        name, peer = f"{env}, rlbench", f"{env}, EvoTorch, {CORES} actors"
        settings = ("agent.hidden=[64,64]", "agent.population=64",
                    "agent.normalize_observations=true")  # fmt: skip
        with scratch() as folder:
            found = _against_bare(
                plan, folder, env, size, {name: settings}, {peer: evotorch}, simulator=True
            )
        samples |= found
        goals += [
            Goal(
                f"ES, {env}, {CORES} cores, share of the bare environments' steps/s",
                ratio(found[name], found[f"bare, {name}"]), 0.9,
            ),
            Goal(
                f"... times EvoTorch's GymNE with {CORES} actors",
                ratio(found[name], found[peer]), 4, unit="x",
            ),
            Goal(
                "... what MuJoCo's steps alone would be, times EvoTorch's",
                ratio(found[f"simulator, {name}"], found[peer]), unit="x",
            ),
        ]  # fmt: skip
    return Result(
        goals=tuple(goals),
        samples=samples,
        units=dict.fromkeys(samples, "steps/s"),
        notes=(_REPLAYED, "MLP 64-64, population 64 and observation normalisation on both sides."),
    )


def in_turn(plan: Plan) -> Result:
    """What stepping many environments in turn costs: why lock-steps have a number of lanes."""
    sizes = (1, 4, 8, 16, 32, 64)
    goals: list[Goal] = []
    samples: dict[str, list[float]] = {}
    for env in ("Humanoid-v5", "HalfCheetah-v5", "LunarLander-v3"):
        words = [env, "--processes", str(CORES), "--rounds", str(plan.size(12, 1)), "--lanes"]
        script = str(PROGRAMS / "bare_lanes.py")
        found = run([sys.executable, script, *words, *map(str, sizes)]).last_json()
        samples |= {f"{env}, {size} in turn": found[str(size)] for size in sizes}
        goals += [
            Goal(f"{env}, {size} in turn, share of one's steps/s",
                 ratio(found[str(size)], found["1"]))
            for size in sizes[1:]
        ]  # fmt: skip
    return Result(tuple(goals), samples, dict.fromkeys(samples, "steps/s"), (_IN_TURN,))


_IN_TURN = f"Bare environments in {CORES} processes, random actions, slices of 0.3 s."
_REPLAYED = (
    f"The bare environments, {CORES} processes, replay the reset seeds and actions of the run's "
    "own training steps."
)
