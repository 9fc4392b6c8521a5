"""Runs in processes of their own: started, ended in every way, and compared with others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from hurting.outcome import Outcome, outcomes
from rlbench.errors import RunError

SCRIPTS = Path(__file__).parents[1]
LEAVE_S = 5.0  # in which all that a run has started is to be gone once it has ended
SAVE_S = 30.0  # in which it is to write a checkpoint
LIMIT_S = 300.0


class Running:
    """A run in a session of its own. With this context ends all that is left of the session.

    words: what `rlbench` is given. before: a command that is to start it, as `unshare -m`.
    """

    def __init__(
        self, words: Sequence[str], before: Sequence[str] = (), **environment: str
    ) -> None:
        paths = os.pathsep.join([str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "rlbench", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, **environment},
            start_new_session=True,
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *error: object) -> None:
        # None may be born while they are counted.
        while self.process.poll() is None or self.others():
            for one in self.others():
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            self.process.kill()
            self.process.wait()
        self.process.communicate()

    def goes_on_for(self, seconds: float) -> bool:
        """Whether the run is still going after so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> tuple[int, str]:
        """Its exit status, and what it wrote to stderr, once it has ended."""
        try:
            _, err = self.process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return -1, f"not over after {LIMIT_S:g} s"
        return self.process.returncode, err

    def others(self) -> list[psutil.Process]:
        """What there is of its session beside the run itself."""
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                mine = os.getsid(one.pid) == self.process.pid != one.pid
                if mine and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found

    def left(self, within_s: float = LEAVE_S) -> list[str]:
        """A line on the processes that are there so long after it has ended."""
        psutil.wait_procs(self.others(), timeout=within_s)
        number = len(self.others())
        return [f"{number} processes left"] if number else []


class Runs:
    """What is compared: runs that are left alone, and those that go on; in one folder."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch.absolute()
        self._found: dict[tuple[str, ...], tuple[Mapping[str, Outcome], float]] = {}
        self._sizes_kb: dict[tuple[str, ...], list[int]] = {}

    def place(self, name: str) -> Path:
        """An empty folder, which is made when a run begins there."""
        place = self._scratch / name
        shutil.rmtree(place, ignore_errors=True)
        return place

    def undisturbed(self, words: Sequence[str]) -> tuple[Mapping[str, Outcome], float]:
        """What the words come to by themselves, by the name of each run, and how long that takes.
        Found out once for each program, as the code may be another in the next."""
        if tuple(words) not in self._found:
            place = self.place("undisturbed")
            began_s = time.perf_counter()
            with Running([*words, f"results_dir={place}"]) as run:
                status, err = run.end()
            if status != 0:
                raise RuntimeError(f"{' '.join(words)}: ended with status {status}: {err}")
            self._found[tuple(words)] = outcomes(place), time.perf_counter() - began_s
            files = [file.lstat() for file in place.rglob("*")]
            self._sizes_kb[tuple(words)] = [file.st_blocks // 2 for file in files]
        return self._found[tuple(words)]

    def sizes_kb(self, words: Sequence[str]) -> list[int]:
        """What each file and folder of undisturbed runs takes on the disk."""
        self.undisturbed(words)
        return self._sizes_kb[tuple(words)]

    def going_on(
        self,
        words: Sequence[str],
        place: Path,
        before: Sequence[str] = (),
        seen: Path | None = None,
    ) -> list[str]:
        """The same command, once more: what is not as it would be in runs that were left alone.
        seen: under which path their files are found from here."""
        with Running([*words, f"results_dir={place}"], before) as run:
            status, err = run.end()
            problems = run.left()
        if "Traceback" in err:
            problems.append("a traceback")
        if status != 0:
            return [*problems, f"status {status}: {err.strip()[-200:]}"]
        return [*problems, *self.differences(words, place if seen is None else seen)]

    def differences(self, words: Sequence[str], place: Path) -> Iterator[str]:
        """Where the runs in a folder are not what the words come to."""
        whole = self.undisturbed(words)[0]
        try:
            found = outcomes(place)
        except (RunError, OSError, ValueError) as error:
            yield f"cannot be read: {error}"
            return
        if found.keys() != whole.keys():
            yield f"runs {', '.join(found)}, not {', '.join(whole)}"
        for name in found.keys() & whole.keys():
            for line in found[name].differences(whole[name]):
                yield line if len(whole) == 1 else f"{name}: {line}"


def saved(place: Path) -> bool:
    """Whether there is a checkpoint below a folder."""
    return any(place.rglob("checkpoint-*.json"))


def stop(run: Running, number: signal.Signals) -> None:
    """Send a signal as a terminal or a batch system would: to the run alone."""
    with contextlib.suppress(ProcessLookupError):
        run.process.send_signal(number)
