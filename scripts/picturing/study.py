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

# An objective in steps: the search comes to the same on a slow machine, but for what is given up.
WORDS = (
    "agent=es env=CartPole-v1 trials=20 seeds=2 cores=1 objective=final_return "
    "budget.env_steps=20000 budget.train_seconds=null"
)
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
    """Each trial by its number: what its runs came to, their mean, and the best mean so far."""
    made = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = made.add_subplot()
    found = [(trial, Outcome.from_dict(trial.user_attrs)) for trial in trials]
    returns = {n: one.final_return for n, (_, one) in enumerate(found, 1) if one is not None}
    means = {n: np.mean([one for one in runs if one is not None]) for n, runs in returns.items()}
    given_up = [n for n in means if trials[n - 1].state == TrialState.PRUNED]
    complete = [n for n in means if n not in given_up]
    single = [(n, one) for n in complete for one in returns[n]]
    axes.plot(
        *zip(*single, strict=True), "o", color=COLOUR, alpha=0.35, markersize=4, label="a run"
    )
    axes.plot(complete, [means[n] for n in complete], "D", color=COLOUR, label="mean of both runs")
    axes.plot(
        given_up, [means[n] for n in given_up], "v", color=BAD, label="given up: mean by then"
    )
    best = np.maximum.accumulate([means[n] for n in complete])
    axes.step(complete, best, where="post", color=INK, linewidth=1.2, label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel("return of the last evaluation\n(20 episodes)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    made.legend(loc="outside upper left", ncols=2)
    return made
