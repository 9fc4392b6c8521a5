"""Runs on 1 and 2 cores, to hold the model against; none with a seed that is reported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = ("config.yaml", "log.jsonl", "policy.npz", "run.json", "summary.json")
SEED = 100


@dataclass(frozen=True)
class Case:
    """Words of a command, and the cores with which it is run."""

    name: str
    words: tuple[str, ...]
    cores: tuple[int, ...] = (1, 2)


CASES = (
    Case("lunarlander", ("env=LunarLander-v3", "agent.population=128", "budget.env_steps=300000")),
    Case("halfcheetah", ("env=HalfCheetah-v5", "agent.population=128", "budget.env_steps=512000")),
    Case("humanoid", ("env=Humanoid-v5", "agent.population=128", "budget.env_steps=40000"), (1,)),
)


def measure(out: Path, names: Sequence[str]) -> None:
    """Run the cases of these names and keep their files below `out`, as NAME-CORES."""
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if case.name not in names:
            continue
        for cores in case.cores:
            work = out / "work"
            words = ["agent=es", *case.words, f"cores={cores}", f"seed={SEED}", "logger=null"]
            words += ["budget.train_seconds=null", "eval.confirmation_episodes=1"]
            # Relative, as a run's files say where it was written, and these are committed.
            command = [sys.executable, "-m", "rlbench", *words, f"results_dir={work.name}"]
            subprocess.run(command, check=True, cwd=out, env=os.environ, stdout=subprocess.DEVNULL)
            (place,) = work.rglob("run.json")
            kept = out / f"{case.name}-{cores}"
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            for name in KEPT:
                shutil.copy(place.parent / name, kept / name)
            shutil.rmtree(work)
