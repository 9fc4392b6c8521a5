"""Trackers: what follows a run's log while it goes on, by the names that `logger=` takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlbench.errors import ConfigError
from rlbench.extras import install_command
from rlbench.registry import Registry

if TYPE_CHECKING:
    from rlbench.trackers.base import Tracker

LOGGERS: Registry[type[Tracker]] = Registry(
    "logger",
    "rlbench.loggers",
    {
        "tensorboard": "rlbench.trackers.event_files:EventFiles",
        "wandb": "rlbench.trackers.wandb:WandbRun",
        "mlflow": "rlbench.trackers.mlflow:MlflowRun",
    },
    has=("row", "close"),
)
EXTRAS = ("wandb", "mlflow")  # what is a package of that name, and an extra of rlbench


def check_loggers(names: Sequence[str]) -> None:
    """Raise ConfigError for a name that no tracker has, and for one whose package is missing."""
    for name in names:
        if name in EXTRAS:
            if importlib.util.find_spec(name) is None:
                takes = f"the package {name}, not installed here: {install_command(name)}"
                raise ConfigError("logger", name, takes)
        else:
            LOGGERS[name]
