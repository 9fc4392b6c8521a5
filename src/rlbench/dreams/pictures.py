"""Dreams as pictures: a grid for each layer, and a frame before and after."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rlbench.dreams.ascent import ACTIONS
from rlbench.dreams.study import LayerDreams
from rlbench.envs.family import Names
from rlbench.films.frames import BACKGROUND, FAINT, WORDS, Colour, write
from rlbench.films.observation import hues, in_colours
from rlbench.interfaces import Array

if TYPE_CHECKING:
    from PIL.Image import Image

TILE_PX, LARGE_TILE_PX = 80, 168  # of a side, about: a tile has whole multiples of its pixels
LINE_PX = 24
GAP_PX, RUNS_APART_PX = 6, 24
COLUMNS = 8
LARGEST_ALONE = 12  # so many tiles are large ones


@dataclass(frozen=True)
class Dreamt:
    """What one run gave. title: which run. stacked: see `in_colours`."""

    title: str
    names: Names
    stacked: bool
    before: Array
    trained: Sequence[LayerDreams]
    untrained: Sequence[LayerDreams]


def unit_name(layer: str, unit: int, names: Names) -> str:
    """How a unit is called: an action by its name, any other by its number."""
    if layer == ACTIONS and unit < len(names.actions):
        return names.actions[unit]
    return str(unit)


def layer_picture(runs: Sequence[Dreamt], layer: str) -> bytes:
    """A PNG: the dreams of a layer, a column for each run, trained above untrained."""
    columns = []
    for run in runs:
        rows = [_heading(f"{run.title}: {layer}", WORDS), *_legend(run)]
        for word, found in (("trained", run.trained), ("untrained", run.untrained)):
            for dreams in found:
                if dreams.layer.name == layer:
                    many = f"{len(dreams.units)} of {dreams.layer.units}"
                    rows += [_heading(f"{word}, {many}", FAINT), _grid(run, dreams)]
        columns.append(_stacked(rows))
    return _png(_side_by_side(columns, RUNS_APART_PX))


def before_and_after(runs: Sequence[Dreamt]) -> bytes:
    """A PNG: for each run the frame, and what becomes of it where a layer or action is excited."""
    rows = []
    for run in runs:
        first = _tile(run, run.before, "before", LARGE_TILE_PX)
        rows += [_heading(run.title, WORDS), *_legend(run)]
        tiles = [first]
        for dreams in run.trained:
            whole = len(dreams.after) == 1 and len(dreams.units) > 1
            for unit, image in zip(dreams.units, dreams.after, strict=False):
                name = unit_name(dreams.layer.name, int(unit), run.names)
                label = dreams.layer.name if whole else f"{dreams.layer.name} {name}"
                tiles.append(_tile(run, image, label, LARGE_TILE_PX))
        rows += [
            _side_by_side(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)
        ]
    return _png(_stacked(rows))


def _grid(run: Dreamt, dreams: LayerDreams) -> Image:
    side = LARGE_TILE_PX if len(dreams.units) <= LARGEST_ALONE else TILE_PX
    columns = COLUMNS if side == TILE_PX else min(COLUMNS // 2, len(dreams.units))
    tiles = [
        _tile(run, image, unit_name(dreams.layer.name, int(unit), run.names), side)
        for unit, image in zip(dreams.units, dreams.images, strict=True)
    ]
    rows = math.ceil(len(tiles) / columns)
    return _stacked([_side_by_side(tiles[r * columns : (r + 1) * columns]) for r in range(rows)])


def _tile(run: Dreamt, image: Array, label: str, side_px: int) -> Image:
    from PIL import Image

    shown = in_colours(image, run.stacked)
    factor = max(1, round(side_px / max(shown.shape[:2])))
    large = shown.repeat(factor, axis=0).repeat(factor, axis=1)
    tile = Image.new("RGB", (large.shape[1], large.shape[0] + LINE_PX), BACKGROUND)
    write(tile, label, (2, 4), large.shape[1] - 4, FAINT)
    tile.paste(Image.fromarray(large), (0, LINE_PX))
    return tile


def _legend(run: Dreamt) -> list[Image]:
    """What the channels of an observation show, each in its colour."""
    if not run.names.channels:
        return []
    colours = np.round(255 * hues(len(run.names.channels))).astype(int).tolist()
    return [
        _side_by_side(
            [
                _heading(name, (red, green, blue), 9 * len(name) + 8)
                for name, (red, green, blue) in zip(run.names.channels, colours, strict=True)
            ]
        )
    ]


def _heading(text: str, colour: Colour, width: int = 660) -> Image:
    from PIL import Image

    line = Image.new("RGB", (width, LINE_PX), BACKGROUND)
    write(line, text, (2, 2), width - 4, colour)
    return line


def _side_by_side(parts: Sequence[Image], gap_px: int = GAP_PX) -> Image:
    from PIL import Image

    width = sum(part.width for part in parts) + gap_px * (len(parts) - 1)
    whole = Image.new("RGB", (width, max(part.height for part in parts)), BACKGROUND)
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width + gap_px
    return whole


def _stacked(parts: Sequence[Image]) -> Image:
    from PIL import Image

    height = sum(part.height for part in parts) + GAP_PX * (len(parts) - 1)
    whole = Image.new("RGB", (max(part.width for part in parts), height), BACKGROUND)
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height + GAP_PX
    return whole


def _png(image: Image) -> bytes:
    from PIL import Image

    padded = Image.new("RGB", (image.width + 2 * GAP_PX, image.height + 2 * GAP_PX), BACKGROUND)
    padded.paste(image, (GAP_PX, GAP_PX))
    file = io.BytesIO()
    padded.save(file, "PNG", optimize=True)
    return file.getvalue()
