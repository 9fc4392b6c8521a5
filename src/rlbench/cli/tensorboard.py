"""`rlbench tensorboard`: event files of runs that were made without them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rlbench.cli.arguments import runs_parser
from rlbench.errors import ReportError
from rlbench.runs.load import find_run_directories
from rlbench.runs.reading import (
    MAX_SECONDS,
    MAX_STEPS,
    UnreadableFileError,
    number,
    parse_object,
    printable,
    read_lines,
    read_object,
    text,
    whole,
)
from rlbench.tensorboard.runs import DIRECTORY, EventLog
from rlbench.tensorboard.scalars import Row
from rlbench.wording import plural

DESCRIPTION = """\
Write TensorBoard event files from the logs of every run below DIR: returns, episode lengths, the
agent's scalars and steps a second, over environment steps. With logger=tensorboard a run writes
them itself while it goes on. TensorBoard is no part of rlbench: pip install tensorboard."""
EXAMPLE = """\
example:
  rlbench tensorboard results/runs --out results/tensorboard
  tensorboard --logdir results/tensorboard"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done, problems are notes on stderr.

    Raises ReportError where there is no run, or no place for the files.
    """
    parser = runs_parser(
        "tensorboard",
        DESCRIPTION,
        EXAMPLE,
        f"where the event files go, in folders named as the runs' (default: DIR/{DIRECTORY})",
    )
    arguments = parser.parse_args(argv)
    written = convert(arguments.directory, arguments.out)
    place = arguments.out or arguments.directory / DIRECTORY
    print(f"{plural(written, 'run')} in {place}; see them with: tensorboard --logdir {place}")
    return 0


def convert(directory: Path, out: Path | None = None) -> int:
    """Write the event files of every run below `directory`; returns how many runs there were.

    Raises ReportError where there is no such directory or no run in it, or `out` cannot be written.
    """
    out = directory / DIRECTORY if out is None else out
    if not directory.is_dir():
        raise ReportError(f"{directory}: no such directory")
    written = 0
    for place in find_run_directories(directory, skip=out):
        name = place.relative_to(directory)
        try:
            started_at = text(read_object(place / "run.json").get("started_at"))
            rows = list(_rows(place / "log.jsonl"))
            EventLog(out / name, started_at, rows).close()
        except UnreadableFileError as error:
            print(f"note: {printable(str(name))}: {error}: passed over", file=sys.stderr)
            continue
        except OSError as error:
            why = error.strerror or error
            raise ReportError(f"--out {out}: cannot be written ({why})") from None
        written += 1
    if not written:
        raise ReportError(f"{directory}: no run found (no run.json and log.jsonl at any depth)")
    return written


def _rows(path: Path) -> Iterator[Row]:
    """The rows of a log that may come from a stranger: those whose clock can be used."""
    for line in read_lines(path):
        row: dict[str, Any] | None = parse_object(line)
        if row is None or not isinstance(row.get("kind"), str):
            continue
        usable = (
            whole(row.get("seq"), 0, 2**62) is not None
            and whole(row.get("attempt"), 0, 10**6) is not None
            and whole(row.get("env_steps"), 0, int(MAX_STEPS)) is not None
            and number(row.get("wall_s"), 0.0, MAX_SECONDS) is not None
            and number(row.get("train_s"), 0.0, MAX_SECONDS) is not None
        )
        if row["kind"] == "resume":
            usable = usable and whole(row.get("from_seq"), -1, 2**62) is not None
        if usable:
            yield row
