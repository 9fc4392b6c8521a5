"""What the commands that show policies share: a film in a file, or a window."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from rlbench.cli.arguments import file
from rlbench.films.movie import check_can_write, write_film
from rlbench.films.window import check_can_show, show
from rlbench.interfaces import Array
from rlbench.wording import plural


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add `--out` to a command line."""
    parser.add_argument(
        "--out", metavar="FILE", type=file, help="write a film there: FILE.mp4 or FILE.gif"
    )


def check_place(out: Path | None) -> None:
    """Raise ReportError where a film cannot be written to `out`, or no window opened for None."""
    if out is None:
        check_can_show()
    else:
        check_can_write(out)


def present(frames: Iterator[Array], per_s: float, out: Path | None, title: str) -> None:
    """Write the frames to `out`, and say so; for None show them in a window. per_s: frames a
    second."""
    if out is None:
        show(frames, per_s, title)
    else:
        count = write_film(frames, per_s, out)
        print(f"{plural(count, 'frame')}, {count / per_s:.1f} s, in {out}")
