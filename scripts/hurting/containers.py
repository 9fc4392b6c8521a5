"""Limits of a container: cores by a control group, memory by what a container shows of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hurting.cases import CLASSIC, COMMON, ES
from hurting.runs import Running, Runs
from hurting.trial import MissingError, Trial

GROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
IN_GROUP = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
SHOWN = 'mount --bind "$0" /sys/fs/cgroup && exec "$@"'
LIMIT_MB = 400
FITS: tuple[str, ...] = (
    *(word for word in ES if not word.startswith("cores=")), *CLASSIC, *COMMON,
    "budget.env_steps=2000",
)  # fmt: skip
TOO_LARGE = ("agent=dqn", "env=ALE/Pong-v5", "budget.env_steps=2000")


def trials(numbers: range, runs: Runs) -> Iterator[Trial]:
    """One core of a real group where one may be made; memory that is not enough, and enough."""
    made: Sequence[Callable[[int, Runs], Trial]] = (_one_core, _too_little, _enough)
    for number in numbers:
        yield made[number % len(made)](number, runs)


def _one_core(number: int, runs: Runs) -> Trial:
    place = runs.place(f"container-{number}")
    with _cpu_group(place) as (before, by), Running([*FITS, f"results_dir={place}"], before) as run:
        status, err = run.end()
        problems = run.left()
    if status != 0:
        problems.append(f"status {status}: {err.strip()[-200:]}")
    else:
        (header,) = place.rglob("run.json")
        facts = json.loads(header.read_text())
        if (facts["cores"], facts["workers"]) != (1, 1):
            problems.append(f"{facts['cores']} cores, {facts['workers']} workers")
        shutil.rmtree(place)
    return Trial("container", number, "cores=auto with one core", problems=problems, by=by)


def _too_little(number: int, runs: Runs) -> Trial:
    place = runs.place(f"container-{number}")
    with Running([*TOO_LARGE, f"results_dir={place}"], _memory(place)) as run:
        status, err = run.end()
        problems = run.left()
    named = err.startswith("rlbench: agent.replay_capacity_steps: ") and err.count("\n") == 1
    if status != 2 or not named or place.exists():
        problems.append(f"status {status}: {err.strip()[-200:]}")
    by = f"{LIMIT_MB} MB in {_BY_MOUNT}"
    return Trial("container", number, "a replay of 7 GB", problems=problems, by=by)


def _enough(number: int, runs: Runs) -> Trial:
    place = runs.place(f"container-{number}")
    problems = runs.going_on(FITS, place, _memory(place))
    by = f"{LIMIT_MB} MB in {_BY_MOUNT}"
    return Trial("container", number, "a run that fits", problems=problems, by=by)


_BY_MOUNT = "files of control groups, mounted in a namespace"


def _memory(place: Path) -> list[str]:
    """What starts a command that sees a limit of memory, as in a container."""
    shown = _shown(place, "memory.max", str(LIMIT_MB * 2**20))
    (shown / "memory.current").write_text("0\n")
    return _mounted(shown)


@contextlib.contextmanager
def _cpu_group(place: Path) -> Iterator[tuple[list[str], str]]:
    """What starts a command with one core's time, and how that is done."""
    group = _new_group()
    if group is None:
        shown = _shown(place, "cpu.max", f"{PERIOD_US} {PERIOD_US}")
        yield _mounted(shown), _BY_MOUNT
        return
    try:
        yield ["sh", "-c", IN_GROUP, str(group)], "a control group"
    finally:
        group.rmdir()


def _new_group() -> Path | None:
    """A control group of one core's time. Only where this process is in none: a group within that
    of somebody else would be in their way, and one beside it would leave their limits."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        version_2 = controllers == ""
        if path != "/" or not (version_2 or "cpu" in controllers.split(",")):
            continue
        group = GROUPS / controllers / f"rlbench-hurt-{os.getpid()}"
        limits = {"cpu.max": f"{PERIOD_US} {PERIOD_US}"}
        if not version_2:
            limits = {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(PERIOD_US)}
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, limit in limits.items():
                with (group / name).open("r+") as file:  # the kernel has made it, or there is none
                    file.write(limit)
        except OSError:
            group.rmdir()
        else:
            return group
    return None


def _shown(place: Path, name: str, text: str) -> Path:
    """A folder as a container sees its control group."""
    shown = place.with_name(f"{place.name}.groups")
    shutil.rmtree(shown, ignore_errors=True)
    shown.mkdir(parents=True)
    (shown / name).write_text(text + "\n")
    return shown


def _mounted(shown: Path) -> list[str]:
    if shutil.which("unshare") is None:
        raise MissingError("unshare (util-linux) is not installed")
    user = [] if os.geteuid() == 0 else ["-Ur"]
    return ["unshare", *user, "-m", "sh", "-c", SHOWN, str(shown)]
