"""Figures of the page: pictures inside the file, each with a caption and words in its place.

A picture is an image with a data URI, not part of the page: its identifiers cannot clash with
another's, and nothing in it can run.
"""

from __future__ import annotations

import re

from rlbench.reports.figures.draw import Drawn
from rlbench.reports.page.model import Figure

# What may not stand in a data URI, the per cent sign first. All else stays, so that the page is a
# quarter smaller than with base64.
_ESCAPED = "%#\"<>'`{}|\\^"
_WIDTH = re.compile(rb'<svg [^>]*?width="([\d.]+)pt"')
_HEIGHT = re.compile(rb'<svg [^>]*?height="([\d.]+)pt"')
_PATH = re.compile(r' d="[^"]*"')
_FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_BLANKS = re.compile(r"\s+")


def page_figure(drawn: Drawn, *, with_caption: bool = True) -> Figure:
    """A drawn figure as the page shows it."""
    where = f" on {drawn.env}" if drawn.env else ""
    return Figure(
        title=drawn.title,
        source=data_uri(drawn.svg),
        width=_pixels(_WIDTH, drawn.svg),
        height=_pixels(_HEIGHT, drawn.svg),
        alt=f"{drawn.title}{where}. {drawn.words}.",
        caption=drawn.caption if with_caption else "",
        files=tuple(drawn.files),
    )


def _pixels(pattern: re.Pattern[bytes], svg: bytes) -> int:
    """A length of the picture in CSS pixels, from its points."""
    found = pattern.search(svg)
    return round(float(found[1]) * 4 / 3) if found else 0


def data_uri(svg: bytes) -> str:
    """The picture as an address, its paths to a hundredth of a point, its metadata left out."""
    text = _METADATA.sub("", svg.decode("utf-8", "replace"))
    text = text[text.index("<svg") :] if "<svg" in text else text
    text = _PATH.sub(lambda path: _FURTHER_DECIMALS.sub("", path[0]), text)
    text = _BLANKS.sub(" ", text).replace("> <", "><")
    for character in _ESCAPED:
        text = text.replace(character, f"%{ord(character):02X}")
    return f"data:image/svg+xml;charset=utf-8,{text}"
