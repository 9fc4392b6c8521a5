"""Runs to hold the model against, none with a seed that is reported: on one core, on two, and on
one core while another run has the other one; of DQN as one process, and as two actors on a worker
beside the learner.

Each is made several times, in turn, as a machine's speed drifts; the one of median speed is kept.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = ("config.yaml", "log.jsonl", "policy.npz", "run.json", "summary.json")
SEED, OTHER_SEED = 100, 101
REPEATS = 5
ONE, TWO, BESIDE, ACTORS = "1", "2", "beside", "actors"
WAYS = {
    ONE: ("cores=1", f"seed={SEED}"),
    TWO: ("cores=2", f"seed={SEED}"),
    BESIDE: ("-m", "cores=1", f"seed={SEED},{OTHER_SEED}"),
    ACTORS: (
        "cores=2",
        f"seed={SEED}",
        "agent.actors=2",
        "executor=process",
        "executor.workers=1",
    ),
}


@dataclass(frozen=True)
class Case:
    """Words of a command, and the ways in which it is run."""

    name: str
    words: tuple[str, ...]
    ways: tuple[str, ...] = (ONE, TWO, BESIDE)


ES = ("agent=es", "agent.population=128")
DQN = ("agent=dqn", "stop_at_threshold=false")
CASES = (
    Case("lunarlander", (*ES, "env=LunarLander-v3", "budget.env_steps=300000")),
    Case("halfcheetah", (*ES, "env=HalfCheetah-v5", "budget.env_steps=512000")),
    Case("humanoid", (*ES, "env=Humanoid-v5", "budget.env_steps=40000"), (ONE,)),
    Case(
        "dqn-lunarlander",
        (*DQN, "env=LunarLander-v3", "budget.env_steps=100000"),
        (ONE, ACTORS, BESIDE),
    ),
    Case(
        "dqn-halfcheetah",
        (*DQN, "env=HalfCheetah-v5", "budget.env_steps=50000", "agent.overlap=auto"),
        (ONE, ACTORS, BESIDE),
    ),
)


def measure(out: Path, names: Sequence[str], repeats: int = REPEATS) -> None:
    """Run the cases of these names and keep their files below `out`, as NAME-WAY."""
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if case.name not in names:
            continue
        work = out / "work"
        found: dict[str, list[Path]] = {way: [] for way in case.ways}
        for number in range(repeats):
            for way in case.ways[:: 1 if number % 2 == 0 else -1]:
                found[way].append(_run(case, way, out, f"work/{number}-{way}"))
        for way, places in found.items():
            kept = out / f"{case.name}-{way}"
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            for name in KEPT:
                shutil.copy(_median(places) / name, kept / name)
        shutil.rmtree(work)


def _run(case: Case, way: str, out: Path, results: str) -> Path:
    """The directory of one run."""
    words = [*WAYS[way], *case.words, "budget.train_seconds=null", "eval.confirmation_episodes=1"]
    # Relative, as a run's files say where it was written, and these are committed.
    command = [sys.executable, "-m", "rlbench", *words, f"results_dir={results}"]
    subprocess.run(command, check=True, cwd=out, env=os.environ, stdout=subprocess.DEVNULL)
    (place,) = (out / results).rglob(f"seed{SEED}/run.json")
    return place.parent


def _median(places: Sequence[Path]) -> Path:
    """The one of median speed; of an even number the slower of the two."""
    return sorted(places, key=_train_s)[len(places) // 2]


def _train_s(place: Path) -> float:
    return float(json.loads((place / "summary.json").read_text(encoding="utf-8"))["train_s"])
