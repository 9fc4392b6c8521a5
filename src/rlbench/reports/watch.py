"""`rlbench report --watch`: the report is made again whenever the runs' files have changed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

from rlbench.reports.build import build_report
from rlbench.reports.cost import Rates
from rlbench.reports.output import NothingToReportError, add_files
from rlbench.reports.page.render import without_refresh
from rlbench.runs.load import find_run_directories
from rlbench.wording import plural

INTERVAL_S = 10.0
WATCHED = ("run.json", "log.jsonl", "summary.json")
NICENESS = 19  # drawing must not slow the runs, which are being timed

State = tuple[tuple[str, int, int], ...]


def watch(
    directory: Path,
    out: Path | None,
    rates: Rates,
    interval_s: float,
    *,
    others: Sequence[Path] = (),
    show: Callable[[Path], object] | None = None,
    baseline: str | None = None,
    films: Sequence[Path] = (),
    figures: str | None = None,
) -> NoReturn:
    """Look every `interval_s` seconds and rebuild on a change, until interrupted.

    others: more directories whose runs belong in it. show: is given the page once it is there.
    films, figures: as in `build_report`.

    A directory that is absent or has no usable run yet is waited for. Each file of the report is
    replaced whole, the page last, so that a reader never sees half of one. While this goes on the
    page reloads by itself; when it ends, the page is left without that.

    Raises KeyboardInterrupt at Ctrl-C, SIGTERM or SIGHUP, which is how it normally ends, and
    ReportError where the report cannot be written.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    _end_at(signal.default_int_handler)
    seen: State | None = None
    printed = ""
    page: Path | None = None
    pause = Event()
    try:
        while True:
            # Taken before the runs are read: what changes meanwhile is seen the next time.
            state = state_of(directory, *others)
            if state != seen:
                seen = state
                try:
                    report = build_report(
                        directory, out, rates, others=others, baseline=baseline, films=films,
                        figures=figures, refresh=True,
                    )  # fmt: skip
                    if show is not None and page is None:
                        show(report.page)
                    page = report.page
                    line = f"{plural(report.runs, 'run')}: wrote {page}"
                    printed = ""
                except NothingToReportError as error:
                    line = f"waiting for runs: {error}"
                if line != printed:
                    print(line, flush=True)
                    printed = line
            pause.wait(interval_s)
    except KeyboardInterrupt:
        _end_at(signal.SIG_IGN)  # it is ending
        if page is not None:
            add_files(page.parent, {page.name: without_refresh(page.read_bytes())})
        raise


def _end_at(handler: Any) -> None:
    """Give `handler` to the signals that end this, but those that are ignored (nohup)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            with suppress(ValueError):  # not the main thread, which has the signals
                signal.signal(number, handler)


def state_of(*directories: Path) -> State:
    """Every run's files with the time of their last change and their size."""
    found = []
    for run in (run for directory in directories for run in find_run_directories(directory)):
        for name in WATCHED:
            try:
                status = (run / name).lstat()
            except OSError:
                continue
            found.append((str(run / name), status.st_mtime_ns, status.st_size))
    return tuple(found)
