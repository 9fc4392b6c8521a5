"""`rlbench tune`: what the trials of a search came to, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.trial import FrozenTrial, TrialState

from rlbench.cli.main import main as rlbench
from rlbench.errors import RunError
from rlbench.reports.figures.style import INK
from rlbench.tuning.outcome import Outcome

WORDS = "agent=es env=CartPole-v1 trials=15 seeds=2 budget.train_seconds=10 cores=1"
COLOUR, BAD = "#1f77b4", "#b2182b"


def figure(place: Path) -> Figure:
    """place: where the search is made, or was made before.

    Raises RunError where it fails.
    """
    given = [f"results_dir={place / 'tune'}", "--out", str(place / "tuned")]
    if rlbench(["tune", *WORDS.split(), *given]):
        raise RunError("the search for the picture of docs/tuning.md failed")
    (file,) = place.glob("tune/es/CartPole-v1/*/study.db")
    study = optuna.load_study(study_name="rlbench", storage=f"sqlite:///{file}")
    return drawn(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))


def drawn(trials: Sequence[FrozenTrial]) -> Figure:
    """Each trial by its number: seconds to the threshold, or why there are none."""
    made = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = made.add_subplot()
    times = {n: _solved_s(trial) for n, trial in enumerate(trials, 1)}
    solved = {n: seconds for n, seconds in times.items() if seconds is not None}
    low, high = min(solved.values()) / 1.6, 2.0 * max(solved.values())
    axes.plot(list(solved), list(solved.values()), "o", color=COLOUR, label="both runs solved")
    best = np.minimum.accumulate([times[n] or np.inf for n in times])
    axes.step(list(times), best, where="post", color=INK, linewidth=1.2, label="best so far")
    for state, marker, label in (
        (TrialState.COMPLETE, "x", "a run was not solved"),
        (TrialState.PRUNED, "v", "given up: behind the median"),
    ):
        at = [n for n, t in enumerate(trials, 1) if times[n] is None and t.state == state]
        axes.plot(at, [high / 1.25] * len(at), marker, color=BAD, label=label, linestyle="")
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlabel("trial")
    axes.set_ylabel("seconds of training\nuntil solved, mean of 2 runs")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    made.legend(loc="outside upper left", ncols=2)
    return made


def _solved_s(trial: FrozenTrial) -> float | None:
    outcome = Outcome.from_dict(trial.user_attrs)
    return None if outcome is None or trial.state == TrialState.PRUNED else outcome.mean_solved_s
