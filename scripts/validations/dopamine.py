"""Our DQN with Dopamine's settings on Pong, held against the curve that Dopamine published."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from rlbench.published.dopamine import ADAM, dopamine_curve
from rlbench.runs.load import load_runs
from rlbench.runs.reading import parse_object, read_lines
from rlbench.runs.records import Run

NAME = "dopamine_pong"
GAME = "ALE/Pong-v5"
FRAME_SKIP = 4
POINT_STEPS = 250_000  # of a point of the curve: a million frames
LATE_STEPS = 1_000
# Games side by side, and updates while they go on, for speed; each four steps have one update, as
# there.
WORDS = (
    "experiment=dopamine_dqn", f"env={GAME}", "budget.env_steps=250000", "cores=1",
    "agent.num_lanes=8", "agent.train_every_steps=32", "agent.updates_per_train=8",
    "agent.overlap=true", "eval.episodes=10",
)  # fmt: skip
FIRST_SEED = 10

TEXT = """\
Here one side is published: returns in training, random actions among them, of the games that ended
within each million frames, mean and range of 5 runs (Castro et al. 2018). Ours has all settings of
Dopamine's DQN in JAX (`experiment=dopamine_dqn`), but plays eight games side by side and learns
meanwhile."""


def make(results_dir: str, seeds: int) -> bool:
    """The runs, two side by side; False where one failed."""
    named = ",".join(map(str, range(FIRST_SEED, FIRST_SEED + seeds)))
    words = [*WORDS, f"seed={named}", f"results_dir={results_dir}"]
    return (
        subprocess.run([sys.executable, "-m", "rlbench", "-m", *words], check=False).returncode == 0
    )


def section(folder: Path) -> Iterator[str]:
    """Its part of the table, from the runs below `folder`; nothing where there are none."""
    runs = load_runs(folder / NAME).runs if (folder / NAME).is_dir() else ()
    ours = {run.seed: training_returns(run) for run in sorted(runs, key=lambda run: run.seed)}
    curve = dopamine_curve(GAME, FRAME_SKIP, ADAM)
    assert curve is not None
    points = max((point for returns in ours.values() for point in returns), default=0)
    if not points:
        return
    yield f"## DQN and Dopamine's DQN (Adam) on {GAME}"
    yield ""
    yield TEXT
    yield ""
    yield "| frames | Dopamine | " + " | ".join(f"seed {seed}" for seed in ours) + " |"
    yield "|--:|--:|" + "--:|" * len(ours)
    for point in range(1, points + 1):
        theirs = curve.mean[point - 1], curve.lowest[point - 1], curve.highest[point - 1]
        cells = [f"{returns[point]:.2f}" if point in returns else "" for returns in ours.values()]
        published = "{:.2f} ({:.2f} to {:.2f})".format(*theirs)
        yield f"| {point} M | {published} | {' | '.join(cells)} |"


def training_returns(run: Run) -> dict[int, float]:
    """The mean return of the games that ended within each point of the curve, from 1, that the run
    came to the end of."""
    sums, counts, before = defaultdict[int, float](float), Counter[int](), 0
    for line in read_lines(run.directory / "log.jsonl"):
        row = parse_object(line)
        if row is None or row["kind"] != "train":
            continue
        # A row is written at the first step of all lanes after the point's last.
        point = ceil((row["env_steps"] - LATE_STEPS) / POINT_STEPS)
        games, before = row["episodes"] - before, row["episodes"]
        counts[point] += games
        sums[point] += games * row["scalars"]["return_train_mean"]
    whole = run.end.env_steps // POINT_STEPS
    return {point: sums[point] / counts[point] for point in counts if point <= whole}
