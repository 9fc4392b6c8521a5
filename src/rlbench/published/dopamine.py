"""DQN's learning curves on Atari as Dopamine published them, to set beside a run's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlbench.published import table
from rlbench.published.atari import atari_game

FloatArray = NDArray[np.float64]

# The table's two: with the settings of Mnih et al. 2015, and with those of Dopamine's DQN in JAX.
RMSPROP = "DQN"
ADAM = "DQN (Adam + MSE in JAX)"
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


def dopamine_curve(env_id: str, frame_skip: float, agent: str = RMSPROP) -> DopamineCurve | None:
    """The published curve of an Atari game; None where there is none.

    frame_skip: frames that one step of the environment takes. agent: `RMSPROP` or `ADAM`.
    """
    game = atari_game(env_id)
    rows = [
        row for row in table("dopamine_dqn_curves") if row["game"] == game and row["agent"] == agent
    ]
    if not rows:
        return None
    columns = ("frames_millions_after", "mean_return", "min_run", "max_run")
    millions, mean, lowest, highest = (np.array([float(row[c]) for row in rows]) for c in columns)
    frames = MILLION * millions
    return DopamineCurve(frames, frames / frame_skip, mean, lowest, highest, int(rows[0]["n_runs"]))
