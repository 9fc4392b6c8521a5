"""DQN's learning curves on Atari as Dopamine published them, to set beside a run's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.groups import EnvironmentGroups
from rlbench.published import table
from rlbench.runs.records import FloatArray

AGENT = "DQN"  # of the table's two, the one with the settings of Mnih et al. 2015
MILLION = 1e6


@dataclass(frozen=True)
class DopamineCurve:
    """Returns in training with sticky actions 0.25, each point over the million frames before it
    (Castro et al. 2018, arXiv 1812.06110)."""

    frames: FloatArray  # [K]
    env_steps: FloatArray  # [K], as many as these frames are of the environment's own
    mean: FloatArray  # [K], over the runs
    lowest: FloatArray  # [K]
    highest: FloatArray  # [K]
    runs: int


def dopamine_curve(environment: EnvironmentGroups) -> DopamineCurve | None:
    """The published curve of an environment that is a game played from pixels; None where there is
    none, or where the runs skip different numbers of frames."""
    game = re.fullmatch(r"ALE/(\w+)-v5", environment.env)
    runs = [run for group in environment.groups for run in group.runs]
    skips = {run.facts.get("frame_skip") for run in runs}
    if game is None or len(skips) != 1 or any(run.facts["sticky_actions"] is None for run in runs):
        return None
    skip = skips.pop()
    rows = [
        row
        for row in table("dopamine_dqn_curves")
        if row["game"] == game[1].lower() and row["agent"] == AGENT
    ]
    if not rows or not isinstance(skip, float) or skip <= 0:
        return None
    columns = ("frames_millions_after", "mean_return", "min_run", "max_run")
    millions, mean, lowest, highest = (np.array([float(row[c]) for row in rows]) for c in columns)
    frames = MILLION * millions
    return DopamineCurve(frames, frames / skip, mean, lowest, highest, int(rows[0]["n_runs"]))
