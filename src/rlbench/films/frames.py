"""One frame of a film: pictures side by side, each below the words that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rlbench.interfaces import Array

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_HEIGHT, ONE_OF_SEVERAL = 400, 300
WIDEST_PICTURE = 800
STRIP_HEIGHT = 62  # above a picture
HEADING_HEIGHT = 40
TEXT_SIZE, SMALLEST_TEXT = 18, 11
MARGIN = 12
BACKGROUND, WORDS, FAINT, OVER = (18, 20, 26), (238, 240, 244), (160, 168, 182), (240, 190, 90)


Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Tile:
    """A picture [height, width, 3] uint8 and the two lines above it. is_over: whether nothing
    moves in it any more."""

    picture: Array
    title: str
    line: str
    is_over: bool = False


def frame(tiles: Sequence[Tile], heading: str = "") -> Array:
    """The tiles side by side [height, width, 3] uint8, below a heading where there is one; both
    sides are even, as films have to be. Tiles of the same pictures' sizes give the same size."""
    from PIL import Image

    height = PICTURE_HEIGHT if len(tiles) == 1 else ONE_OF_SEVERAL
    columns = [_column(tile, height) for tile in tiles]
    top = HEADING_HEIGHT if heading else 0
    width = sum(column.width for column in columns)
    height = top + max(column.height for column in columns)
    whole = Image.new("RGB", (width + width % 2, height + height % 2), BACKGROUND)
    if heading:
        write(whole, heading, (MARGIN, MARGIN), width - 2 * MARGIN, WORDS)
    left = 0
    for column in columns:
        whole.paste(column, (left, top))
        left += column.width
    return np.asarray(whole)


def _column(tile: Tile, height: int) -> Image:
    from PIL import Image

    picture = _scaled(Image.fromarray(tile.picture), height)
    column = Image.new("RGB", (picture.width, STRIP_HEIGHT + picture.height), BACKGROUND)
    room = picture.width - 2 * MARGIN
    write(column, tile.title, (MARGIN, 8), room, FAINT)
    write(column, tile.line, (MARGIN, 34), room, OVER if tile.is_over else WORDS)
    column.paste(picture, (0, STRIP_HEIGHT))
    return column


def _scaled(picture: Image, height: int) -> Image:
    """The picture at a height, or as wide as may be; a small one stays sharp."""
    from PIL.Image import Resampling

    factor = min(height / picture.height, WIDEST_PICTURE / picture.width)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    way = Resampling.NEAREST if factor > 1 else Resampling.BOX
    return picture if size == picture.size else picture.resize(size, way)


def write(image: Image, text: str, at: tuple[int, int], room: int, colour: Colour) -> None:
    """Write a line, smaller where it is too long for its room, and cut where that is not enough."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    size = TEXT_SIZE
    while size > SMALLEST_TEXT and draw.textlength(text, _font(size)) > room:
        size -= 1
    while len(text) > 1 and draw.textlength(text, _font(size)) > room:
        text = f"{text[:-2]}…" if text.endswith("…") else f"{text[:-1]}…"
    draw.text(at, text, colour, _font(size))


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
