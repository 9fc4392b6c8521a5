"""Launchers of other packages: what their jobs are given, and what became of them.

Hydra passes over a module whose name begins with an underscore, so this one may import.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import open_dict

from rlbench.errors import ConfigError, RlbenchError, RunError
from rlbench.executors.ray_cluster import connect
from rlbench.harness.machine import available_cores

# Ray's workers would kill the runs that they started, at once, when they end; a run that is left
# alone sees that its worker has ended, and saves.
KILLS_CHILDREN = "RAY_kill_child_processes_on_worker_exit"


class OtherLauncher:
    """A launcher of another package: one of Hydra's `Launcher`s.

    Those for submitit and for Ray reserve cores for each job, which its run then has. `cores` of a
    job and the launcher's own key say the same; where one of them is not given, the other counts.
    """

    def __init__(self, launcher: Any) -> None:
        self._launcher = launcher
        package = type(launcher).__module__.split(".")[1:2]
        self._is_ray = package == ["hydra_ray_launcher"]
        self._reserves: Any = {}
        self._key = ""
        if self._is_ray:
            self._reserves = self._launcher.ray_cfg.remote
            self._key = "hydra.launcher.ray.remote.num_cpus"
        elif package == ["hydra_submitit_launcher"]:
            self._reserves = self._launcher.params
            self._key = "hydra.launcher.cpus_per_task"

    @property
    def default_cores(self) -> int:
        """The cores of a job with `cores=auto`: those that the launcher's key says, else one on
        other machines, and all of this one."""
        reserved = self._reserved
        if reserved is not None:
            return reserved
        elsewhere = self._is_ray or type(self._launcher).__name__ == "SlurmLauncher"
        return 1 if elsewhere else len(available_cores())

    def start(
        self, words_of_jobs: Sequence[Sequence[str]], cores: int
    ) -> list[BaseException | None]:
        """Run jobs of these words, of so many cores at most, to their end; what each raised.

        Raises ConfigError where the launcher is to reserve fewer cores, and RunError with what the
        launcher itself fails at.
        """
        self._reserve(cores)
        with self._connected():
            try:
                returns = self._launcher.launch(words_of_jobs, initial_job_idx=0)
            except RlbenchError:
                raise
            except Exception as error:
                why = next(iter(str(error).strip().splitlines()), type(error).__name__)
                raise RunError(f"{type(self._launcher).__name__}: {why}") from error
        return [_raised(job) for job in returns]

    @property
    def _reserved(self) -> int | None:
        number = self._reserves.get(self._key.rpartition(".")[2])
        if number is None or (type(number) is int and number >= 1):
            return number
        raise ConfigError(self._key, number, "a whole number of cores, from 1 on")

    def _reserve(self, cores: int) -> None:
        if self._reserved is not None and self._reserved < cores:
            takes = f"at least {cores}, the `cores` of a job; where it is not given, it is that"
            raise ConfigError(self._key, self._reserved, takes)
        if self._key and self._reserved is None:
            with open_dict(self._reserves) if self._is_ray else nullcontext():
                self._reserves[self._key.rpartition(".")[2]] = cores

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Connected to Ray. Its launcher does that itself, but only to a Ray of its own: for a
        cluster that is running it asks for the size of the object store, which Ray refuses."""
        os.environ.setdefault(KILLS_CHILDREN, "0")
        options = self._launcher.ray_cfg.init if self._is_ray else {}
        if not self._is_ray or set(options) - {"address"}:
            yield
            return
        with connect(options.get("address"), len(available_cores()), key="hydra.launcher.ray.init"):
            yield


def _raised(job: JobReturn) -> BaseException | None:
    value = job._return_value  # `return_value` writes to stderr
    return value if job.status is JobStatus.FAILED and isinstance(value, BaseException) else None
