"""A disk that is full at some moment of the run, then not any more."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hurting.cases import SHORT
from hurting.runs import Running, Runs, saved
from hurting.trial import MissingError, Trial

LARGE_KB = 1_000_000
MOUNTED = 'mount -t tmpfs -o size=4k hurt "$0" && echo mounted && exec sleep 1000000'


class Tmpfs:
    """A file system in memory at `place`, in a mount namespace of its own: nobody else sees it, and
    it is gone with the process that holds it. before: what starts a command there. seen: where its
    files are from here. Raises MissingError where no such thing may be mounted."""

    by = "a tmpfs in a mount namespace"

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True)
        # A user that is not root may mount where it is root of a user namespace.
        user = [] if os.geteuid() == 0 else ["-Ur"]
        self._holder = subprocess.Popen(
            ["unshare", *user, "-m", "sh", "-c", MOUNTED, str(place)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "mounted\n":
            self.close()
            raise MissingError("no file system may be mounted here, even in a namespace")
        more = ["-U", "--preserve-credentials"] if user else []
        self.before = ["nsenter", "-t", str(self._holder.pid), *more, "-m"]
        self.seen = Path(f"/proc/{self._holder.pid}/root{place}")
        self._place = place

    def resize(self, kb: int) -> None:
        options = f"remount,size={kb}k"
        command = [*self.before, "mount", "-o", options, str(self._place)]
        subprocess.run(command, check=True)

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()


class Quota:
    """No file at `place` may be larger: what there is where nothing can be mounted."""

    by = "a limit on the size of files (RLIMIT_FSIZE)"

    def __init__(self, place: Path) -> None:
        self.seen = place
        self.resize(LARGE_KB)

    def resize(self, kb: int) -> None:
        self.before = ["prlimit", f"--fsize={kb * 1024}"]

    def close(self) -> None:
        return


def trials(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = SHORT
) -> Iterator[Trial]:
    """The space ends somewhere between nothing and what the whole run takes."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        place = runs.place(f"disk-{number}")
        disk = disk_at(place)
        with contextlib.closing(disk):
            yield _trial(number, case, cases[case], runs, place, disk)
        shutil.rmtree(place, ignore_errors=True)


def disk_at(place: Path) -> Tmpfs | Quota:
    try:
        return Tmpfs(place)
    except (MissingError, FileNotFoundError):
        return Quota(place)


def _trial(
    number: int, case: str, words: Sequence[str], runs: Runs, place: Path, disk: Tmpfs | Quota
) -> Trial:
    sizes = runs.sizes_kb(words)
    most_kb = sum(sizes) if isinstance(disk, Tmpfs) else max(sizes)
    kb = random.Random(number).randint(4, max(most_kb, 8))
    disk.resize(kb)
    with Running([*words, f"results_dir={place}"], disk.before) as run:
        status, err = run.end()
        problems = run.left()
    was_saved = saved(disk.seen)
    if status != 0 and not _said(status, err):
        problems.append(f"status {status}: {err.strip()[-300:]}")
    disk.resize(LARGE_KB)
    problems += runs.going_on(words, place, disk.before, disk.seen)
    return Trial(
        "disk", number, case, hurt=status != 0, saved=was_saved, problems=problems, by=disk.by
    )


def _said(status: int, err: str) -> bool:
    """Whether a run that had no space said so, in one line."""
    reasons = ("No space left on device", "File too large")
    return status in (1, 2) and err.count("\n") == 1 and any(reason in err for reason in reasons)
