"""How things are shown on a terminal: where drawing in place is possible, parts that fit a width,
and durations."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from rich.console import Console

BETWEEN = " | "
Line = list[tuple[str, str]]  # pieces of text, each with the name of its style or none
CODES = {"bold": "1", "green": "32", "cyan": "36", "bright_black": "90"}  # SGR, as ECMA-48 has them


class Part(NamedTuple):
    """A piece of a line. rank: 0 stays longest; of the others the highest goes first."""

    text: str
    rank: int
    style: str = ""


def live_console() -> Console | None:
    """A console that can be drawn on in place; None where stdout is no terminal, or one that cannot
    move its cursor (TERM=dumb). It has no colours where NO_COLOR is set."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console  # 50 ms, which a run without a terminal needs not

    console = Console()
    return console if console.is_terminal and not console.is_dumb_terminal else None


def fitted(parts: Sequence[Part], width: int) -> list[Part]:
    """The `parts` that fit into `width` columns with ` | ` between them; the least important ones
    are left out first, and the last one is cut."""
    kept = list(parts)
    while len(kept) > 1 and columns(kept) > width:
        kept.remove(max(reversed(kept), key=lambda part: part.rank))
    if kept and columns(kept) > width:
        kept[0] = kept[0]._replace(text=cut(kept[0].text, width))
    return kept


def bar(width: int, share: float) -> Line:
    """A bar of which so large a `share` is done."""
    done = min(width, max(0, round(width * share)))
    return [("━" * done, "green"), ("━" * (width - done), "bright_black")]


def written(line: Line, colours: bool) -> str:
    """The line as a terminal takes it."""
    return "".join(
        f"\x1b[{CODES[style]}m{text}\x1b[0m" if colours and style else text for text, style in line
    )


def for_terminal(text: str, stream: TextIO) -> str:
    """`text`, broken between words where `stream` is a terminal, and as it is elsewhere."""
    if not stream.isatty():
        return text
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    wrapper = textwrap.TextWrapper(
        shutil.get_terminal_size().columns,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.fill(text)


def columns(parts: Sequence[Part]) -> int:
    """How wide `parts` are with what stands between them."""
    return len(BETWEEN.join(part.text for part in parts))


def cut(text: str, width: int) -> str:
    """The beginning of `text`, with a mark where it is cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def duration(seconds: float) -> str:
    """A duration for readers: `4.2 s`, `1:05`, `2:03:04`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return on_the_clock(seconds)


def on_the_clock(seconds: float) -> str:
    """A duration in whole seconds: `0:04`, `1:05`, `2:03:04`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
