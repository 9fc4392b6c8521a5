"""`rlbench evaluate`: the returns of a hundred episodes, beside the evaluations of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rlbench.playing.evaluation import judge
from rlbench.playing.source import read_source
from rlbench.reports.figures.style import THRESHOLD_LINE

EPISODES, SEED = 100, 1
COLOUR, MEAN = "#1f77b4", "#b2182b"


def figure(run: Path) -> Figure:
    """run: the directory of a committed run."""
    source = read_source(run)
    assert source.run is not None and source.conditions is not None
    conditions = source.conditions.model_copy(update={"episodes": EPISODES, "seed": SEED})
    judged = judge(source.policy, conditions)
    returns, mean = judged.played.returns, judged.mean
    assert mean.low is not None and mean.high is not None
    made = Figure(figsize=(7.0, 3.4), layout="constrained")
    left, right = made.subplots(1, 2, sharey=True, width_ratios=(1.0, 1.25))
    seen = source.run.evaluations
    left.plot(seen.train_s, seen.return_mean, "o-", color=COLOUR, markersize=4, linewidth=1.2)
    left.set_title(
        f"the run's evaluations\nmeans of {source.run.eval_episodes} episodes", loc="left"
    )
    left.set_xlabel("training time (s)")
    left.set_ylabel("return")
    across = np.random.default_rng(0).uniform(-0.25, 0.25, len(returns))
    right.plot(across, returns, "o", color=COLOUR, alpha=0.5, markersize=4)
    error = [[mean.value - mean.low], [mean.high - mean.value]]
    right.errorbar([0.5], [mean.value], yerr=error, fmt="D", color=MEAN, capsize=5)
    said = f"mean {mean.value:.0f}\n95 % interval\n{mean.low:.0f} to {mean.high:.0f}"
    assert source.run.threshold is not None
    below = min(mean.low, source.run.threshold) - 20  # the line of the threshold crosses no words
    right.text(0.5, below, said, ha="center", va="top", color=MEAN, fontsize=10.5)
    right.set_title(f"rlbench evaluate\nthe last policy, {EPISODES} episodes", loc="left")
    right.set_xlim(-0.4, 0.9)
    right.set_xticks([])
    for axes in (left, right):
        axes.axhline(source.run.threshold, **THRESHOLD_LINE)
    left.text(0.0, source.run.threshold + 8, "threshold", va="bottom", fontsize=10.5)
    return made
