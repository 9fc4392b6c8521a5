"""The machine a run has: its cores, its caps, and what describes it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from rlbench import container
from rlbench.errors import ConfigError
from rlbench.harness.siblings import sweep_cpu_s
from rlbench.harness.threads import THREAD_VARIABLES
from rlbench.runs.header import Machine
from rlbench.runs.summary import Contention
from rlbench.settings import Auto, resolve

PROC_STATUS = Path("/proc/self/status")
PACKAGES = (
    "ale-py", "evosax", "evotorch", "flax", "gymnasium", "jax", "keras", "mujoco", "numpy", "optax",
    "ray", "sb3-contrib", "sbx-rl", "stable-baselines3", "tensorflow", "torch",
)  # fmt: skip


def available_cores(root: Path = container.ROOT) -> list[int]:
    """The cores that this process may use: as many as SLURM gave its job, where it is one. root: of
    the file system.

    A SLURM that does not keep jobs on their cores lets each see all of the node; so each begins at
    another one of them.
    """
    job = "".join(os.environ.get(name, "") for name in ("SLURM_JOB_ID", "SLURM_PROCID"))
    return _part(visible_cores(root), _given_by_slurm(), f"{platform.node()}{job}")


def visible_cores(root: Path = container.ROOT) -> list[int]:
    """The cores that the system lets this process run on: as many as its container may use.

    Containers on one machine see the same cores, so each begins at another one of them.
    """
    cores = sorted(_affinity() or range(os.cpu_count() or 1))
    return _part(cores, container.cores(root), platform.node())


def _part(cores: list[int], limit: float | None, whose: str) -> list[int]:
    """As many of `cores` as `limit` says, from one on that depends on `whose` they are."""
    if limit is None or limit >= len(cores):
        return cores
    first = zlib.crc32(whose.encode()) % len(cores)
    return sorted([*cores, *cores][first : first + max(1, int(limit))])


def _given_by_slurm() -> float | None:
    """How many cores SLURM gave this process's task, or its job on this node; None: it is none."""
    given = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE", "")
    return float(given) if given.isascii() and given.isdecimal() else None


def _affinity() -> set[int] | None:
    """The cores that the system lets this process run on; None where it has no affinity."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def resolve_cores(cores: Auto | int, available: int | None = None) -> int:
    """How many cores a run gets (auto: all); raises ConfigError for more than there are.

    available: how many there are, where the run is to be on another machine than this.
    """
    available = len(available_cores()) if available is None else available
    wanted = resolve(cores, available)
    if wanted > available:
        raise ConfigError("cores", cores, f"auto or 1 to {available} on this machine")
    return wanted


@contextlib.contextmanager
def confined(cores: int, device: str) -> Iterator[list[int] | None]:
    """Give this process and its children `cores` cores, one BLAS thread each, and hide the GPUs
    unless `device` is "gpu". Gives the cores, or None where the system has no affinity. At the end
    the process has its cores and its environment variables back.

    BLAS and TensorFlow read the variables when they are first imported, so that a process which has
    imported them keeps what they found then. TensorFlow's own numbers of threads come from the
    run's configuration (see the learner).
    """
    variables = dict.fromkeys(THREAD_VARIABLES, "1")
    variables["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
    if device != "gpu":
        variables["CUDA_VISIBLE_DEVICES"] = "-1"
    before = {name: os.environ.get(name) for name in variables}
    affinity = _affinity()
    chosen = None if affinity is None else available_cores()[:cores]
    try:
        os.environ.update(variables)
        if chosen is not None:
            os.sched_setaffinity(0, chosen)
        yield chosen
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if affinity is not None:
            os.sched_setaffinity(0, affinity)


@contextlib.contextmanager
def working_directory_kept() -> Iterator[None]:
    """An environment may change the working directory: afterwards it is what it was."""
    before = Path.cwd()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # where it has been removed meanwhile
            os.chdir(before)


def describe(root: Path = container.ROOT) -> Machine:
    """Facts of the machine, or of the container that has a part of it, and of the software.
    root: of the file system."""
    commit, dirty = _git()
    cores, memory = os.cpu_count(), psutil.virtual_memory().total
    share, limit = container.cores(root), container.memory_bytes(root)
    if cores is not None and share is not None:
        cores = min(cores, max(1, int(share)))
    return Machine(
        packages=dict(_versions(PACKAGES)),
        python=platform.python_version(),
        git_commit=commit,
        git_dirty=dirty,
        cpu_model=_cpu_model(),
        cpu_count=cores,
        memory_mb=round((memory if limit is None else min(memory, limit)) / 2**20),
        platform=platform.platform(),
        load_average=os.getloadavg() if hasattr(os, "getloadavg") else None,
    )


@dataclass(frozen=True)
class MachineTime:
    """CPU-seconds of all cores together since boot: all there were, those at work, and those that
    a hypervisor gave to other machines (0 if unknown). sweep_s: of the sweep that this run is a job
    of, this run among them; None where there is none, or that is not known."""

    total_s: float
    busy_s: float
    stolen_s: float
    sweep_s: float | None = None


def machine_time() -> MachineTime:
    """What the system counts now, to a hundredth of a second."""
    times = psutil.cpu_times()._asdict()
    # Guests' time is part of the user's already.
    total_s = sum(s for name, s in times.items() if name not in ("guest", "guest_nice"))
    stolen_s = times.get("steal", 0.0)
    idle_s = times["idle"] + times.get("iowait", 0.0)
    return MachineTime(total_s, total_s - idle_s - stolen_s, stolen_s, sweep_cpu_s())


def contention(before: MachineTime, after: MachineTime, own_cpu_s: float) -> Contention | None:
    """Who else had the machine between two moments; None where no time had passed.

    own_cpu_s: the CPU-seconds of the run itself between them.
    """
    total_s = after.total_s - before.total_s
    if total_s <= 0:
        return None
    others_s = max(0.0, after.busy_s - before.busy_s - own_cpu_s)
    siblings_s = None
    if before.sweep_s is not None and after.sweep_s is not None:
        siblings_s = min(max(0.0, after.sweep_s - before.sweep_s - own_cpu_s), others_s)
    return Contention(
        others_share=round(others_s / total_s, 4),
        stolen_share=round((after.stolen_s - before.stolen_s) / total_s, 4),
        siblings_share=None if siblings_s is None else round(siblings_s / total_s, 4),
    )


def peak_rss_mb() -> float:
    """The largest resident size this process has had, in MiB, the live workers' sizes added."""
    if os.name == "nt":
        own = float(getattr(psutil.Process().memory_info(), "peak_wset", 0)) / 2**20
    elif PROC_STATUS.exists():
        # Not getrusage, whose peak on Linux begins with that of the process that started this one.
        own = int(re.findall(r"VmHWM:\s+(\d+)", PROC_STATUS.read_text())[0]) / 2**10
    else:
        import resource

        unit = 2**20 if platform.system() == "Darwin" else 2**10
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    workers = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            workers += child.memory_info().rss / 2**20
        except psutil.Error:
            continue  # it has just ended
    return float(round(own + workers, 1))


def _versions(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    for package in packages:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _git() -> tuple[str | None, bool | None]:
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None, None

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "-uno"))
    except (OSError, subprocess.CalledProcessError):
        return None, None
