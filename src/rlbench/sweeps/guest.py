"""One job of a sweep that another launcher (Hydra's for SLURM, for Ray) has put on this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from rlbench.errors import RunError
from rlbench.harness.machine import available_cores, visible_cores
from rlbench.settings import Auto, resolve
from rlbench.signals import Stops
from rlbench.sweeps.core_locks import held_cores
from rlbench.sweeps.process import JobProcess
from rlbench.sweeps.single import see_to_its_end

LOOK_AGAIN_S = 0.5  # for cores that others have
# A job that SLURM preempts is put back in the queue only where it has not ended by itself.
UNTIL_SLURM_ENDS_IT_S = 300.0


def run_guest(words: Sequence[str], cores: Auto | int, directory: Path) -> None:
    """Run `python -m rlbench` with `words`, one run, in a fresh process in `directory`, on as many
    cores as no other such job of this user has.

    Raises as `run_in_fresh_process` does. Where the launcher ends this process by an exception from
    its handler of a signal, as submitit does to requeue a job, the run saves first.
    """
    if not directory.is_dir():
        takes = "a sweep on several machines needs folders that all of them see"
        raise RunError(f"{directory}: is not there on this machine; {takes}")
    wanted = resolve(cores, len(available_cores()))
    try:
        with Stops(), held_cores(wanted, visible_cores(), _wait) as held:
            jobs = _neighbours(len(held))
            process = JobProcess(words, held, jobs, directory, starts_all=False)
            see_to_its_end(process, progress=True)
    except KeyboardInterrupt:
        if os.environ.get("SUBMITIT_EXECUTOR") == "slurm":
            _wait(UNTIL_SLURM_ENDS_IT_S)
        raise


def _wait(seconds: float = LOOK_AGAIN_S) -> None:
    threading.Event().wait(seconds)


def _neighbours(cores: int) -> int:
    """How many jobs of so many cores may run side by side here, this one included: what they take
    is nothing that came between. SLURM gives the rest of a node to others, on cores of theirs."""
    whole_node = "SLURM_JOB_ID" in os.environ
    room = (os.cpu_count() or 1) if whole_node else len(visible_cores())
    return max(1, room // max(1, cores))
