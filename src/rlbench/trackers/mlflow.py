"""MLflow. Into a store of files in `results_dir` unless MLFLOW_TRACKING_URI says otherwise: a
database would take the whole of MLflow and its server's packages, and jobs would wait for it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from rlbench.opening import make_directory, open_to_write
from rlbench.runs.log import Row
from rlbench.tensorboard.hparams import as_text
from rlbench.trackers.base import TrackedRun
from rlbench.trackers.history import History

DIRECTORY = "mlflow"  # in results_dir
RUN, GROUP = "rlbench.run", "rlbench.group"  # tags
MOST_METRICS, MOST_PARAMS, LONGEST = 1000, 100, 500  # in one call; characters of a value
STATUS = {"solved": "FINISHED", "budget": "FINISHED", "failed": "FAILED"}


class MlflowRun:
    """All attempts of a run are one run there, found by a tag."""

    def __init__(self, run: TrackedRun) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        uri, place = os.environ.get("MLFLOW_TRACKING_URI", ""), None
        if not uri:
            place = (run.results_dir / DIRECTORY).absolute()
            make_directory(place, run.results_dir.absolute())
            uri = place.as_uri()
        from mlflow.tracking import MlflowClient  # a second

        self._client, self._start_s = MlflowClient(uri), run.session.start_s
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "rlbench")
        with nullcontext() if place is None else _alone(place):
            experiment = self._experiment(name)
        found = self._client.search_runs([experiment], f"tags.`{RUN}` = '{run.id}'", max_results=1)
        self._history = History(run.session.threshold, run.earlier, knows=bool(found))
        self._id = found[0].info.run_id if found else self._create(experiment, run)
        self._client.update_run(self._id, status="RUNNING")
        self._status = "KILLED"  # for a run that is interrupted

    def row(self, row: Row) -> None:
        self._status = STATUS.get(row.status or "", "KILLED")
        metrics = [
            self._metric(tag, value, each)
            for each, scalars in self._history.news(row)
            for tag, value in scalars
            if math.isfinite(value)
        ]
        for some in _parts(metrics, MOST_METRICS):
            self._client.log_batch(self._id, metrics=some)

    def close(self) -> None:
        self._client.set_terminated(self._id, self._status)

    def _metric(self, tag: str, value: float, row: Row) -> Any:
        from mlflow.entities import Metric

        now_s = self._start_s + (0.0 if math.isnan(row.clock.wall_s) else row.clock.wall_s)
        name = re.sub(r"[^\w./ -]", "_", tag)  # which characters a name may have
        return Metric(name, float(value), int(1000 * now_s), row.clock.env_steps)

    def _experiment(self, name: str) -> str:
        """The id of an experiment, which another job may make at the same time on a server."""
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return str(self._client.create_experiment(name))
            except MlflowException:
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _create(self, experiment: str, run: TrackedRun) -> str:
        from mlflow.entities import Param

        tags = {RUN: run.id, GROUP: run.group}
        made = self._client.create_run(
            experiment, start_time=int(1000 * self._start_s), tags=tags, run_name=run.name
        )
        settings = run.session.hparams.items()
        params = [Param(key, as_text(value)[:LONGEST]) for key, value in settings]
        for some in _parts(params, MOST_PARAMS):
            self._client.log_batch(made.info.run_id, params=some)
        return str(made.info.run_id)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Other jobs with this store wait until the end of this: it would take two experiments of one
    name."""
    descriptor = open_to_write(place / ".lock")
    try:
        with suppress(ImportError):  # a system without locks
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _parts(items: Sequence[Any], length: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), length):
        yield items[first : first + length]
