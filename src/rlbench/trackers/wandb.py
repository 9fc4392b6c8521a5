"""Weights & Biases. Without network access unless WANDB_MODE says otherwise: `wandb sync` sends
what lies in the run's directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rlbench.opening import make_directory
from rlbench.runs.log import Row
from rlbench.trackers.base import TrackedRun
from rlbench.trackers.history import History

DIRECTORY = "wandb"  # in the run's directory; its name is the library's
PLACES = ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR")
STEPS = "env_steps"  # what the others are drawn over


class WandbRun:
    """All attempts of a run are one run there, by its id."""

    def __init__(self, run: TrackedRun) -> None:
        place = run.directory / DIRECTORY
        knows = place.is_dir() and any(place.iterdir())
        make_directory(place, run.directory)
        self._places = _keep_to_itself(place)
        import wandb  # a second

        self._history = History(run.session.threshold, run.earlier, knows=knows)
        mode: Any = os.environ.get("WANDB_MODE", "offline")
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "rlbench"),
            id=run.id,
            name=run.name,
            group=run.group,
            config=dict(run.session.hparams),
            dir=str(run.directory),
            mode=mode,
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(
                console="off", silent=True, disable_git=True, save_code=False,
                x_disable_stats=True, x_disable_meta=True,
            ),
        )  # fmt: skip
        self._run.define_metric("*", step_metric=STEPS)
        self._failed = False

    def row(self, row: Row) -> None:
        self._failed = row.kind == "end" and row.status == "failed"
        for each, scalars in self._history.news(row):
            self._run.log({STEPS: each.clock.env_steps, **dict(scalars)})

    def close(self) -> None:
        self._run.finish(exit_code=int(self._failed))
        for name in self._places:  # another run in this process has its own
            os.environ.pop(name, None)


def _keep_to_itself(place: Path) -> list[str]:
    """Nothing is written outside of the run's directory, and no errors are reported to others,
    unless the user has said where. Returns the variables that say so now, and did not before."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    unset = [name for name in PLACES if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, str(place)))
    return unset
