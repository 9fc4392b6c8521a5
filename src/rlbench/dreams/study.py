"""What the layers of a network ask for, with the numbers of `structure`, trained and untrained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlbench.dreams.ascent import ACTIONS, Dreamer, Layer, Recipe
from rlbench.dreams.play import Play
from rlbench.dreams.structure import Game, gains, own_gains, selectivities
from rlbench.errors import ReportError
from rlbench.interfaces import Array
from rlbench.nets.policy import NetworkPolicy
from rlbench.seeding import Seeds

MOST_UNITS = 64  # of a layer that are dreamt of
NOISE = 0.1  # around the brightness of the game's frames
LARGE_PX = 32  # from here on pictures have fine patterns and wide ones
Begin = Literal["frame", "noise"]


@dataclass(frozen=True)
class Asked:
    """What is to be dreamt. layer: None for all convolutions, the last hidden layer and the
    actions. unit: of that layer; None for all. begin: None for noise, and for the frame where
    pictures before and after are shown."""

    recipe: Recipe
    seed: int
    layer: str | None = None
    unit: int | None = None
    begin: Begin | None = None


@dataclass(frozen=True)
class LayerDreams:
    """Dreams of one layer.

    units: [U] those that are dreamt of. images: [U, height, width, channels]. likeness, focus,
    gain, selectivity: [U], NaN where a dream never began. after: [K, height, width, channels] what
    becomes of the frame: where the whole layer is excited, or the unit that was asked for; for
    actions one picture each.
    """

    layer: Layer
    units: Array
    images: Array
    likeness: Array
    focus: Array
    gain: Array
    selectivity: Array
    after: Array


def recipe_for(height: int) -> Recipe:
    """What suits pictures of that height."""
    if height < LARGE_PX:
        return Recipe(steps=48, octaves=1, jitter_px=0, smoothing_px=0.0)
    return Recipe(steps=16, octaves=3, jitter_px=4, smoothing_px=0.5)


def patch_for(height: int) -> int:
    """The width of the patches that pictures of that height are compared by: that of the first
    kernels of the papers' networks."""
    return 3 if height < LARGE_PX else 8


def scaled(frames: Array) -> Array:
    """Observations [N, channels, height, width] uint8 as networks take them in Keras."""
    found: Array = np.moveaxis(frames, 1, -1).astype(np.float32) * np.float32(1 / 255)
    return found


class Study:
    """Dreams of networks of one architecture on one game."""

    def __init__(self, play: Play, patch_px: int, asked: Asked) -> None:
        self._frames, self._asked = scaled(play.frames), asked
        self.frame = scaled(play.start[None])[0]
        self._game = Game(self._frames, patch_px)
        seeds = Seeds(asked.seed).child("dream")
        rng = seeds.child("noise").generator()
        brightness = self._frames.mean(axis=(0, 1, 2))
        noise = brightness + NOISE * rng.standard_normal(self.frame.shape)
        self.noise = np.clip(noise, 0, 1).astype(np.float32)
        self._seeds = seeds.child("jitter")

    @property
    def before(self) -> Array:
        """What the pictures `after` began as."""
        began: Array = self.noise if self._asked.begin == "noise" else self.frame
        return began

    def dreams(self, policy: NetworkPolicy) -> Iterator[LayerDreams]:
        """Of one layer after another. Raises ReportError for a layer or unit that is not there."""
        dreamer = Dreamer(policy)
        for layer in _chosen(dreamer.layers, self._asked):
            yield self._of_layer(dreamer, layer)

    def _of_layer(self, dreamer: Dreamer, layer: Layer) -> LayerDreams:
        asked, unit = self._asked, self._asked.unit
        units = _spread(layer.units) if unit is None else np.array([unit])
        begin = self.frame if asked.begin == "frame" else self.noise
        seed = self._seeds.child(layer.name).integer()
        images = dreamer.dream(_several(begin, len(units)), layer.name, units, asked.recipe, seed)
        found = gains(
            dreamer.responses(images, layer.name), dreamer.responses(self._frames, layer.name)
        )
        added = images - begin
        likeness = np.array([self._game.likeness(each) for each in added])
        began = np.isfinite(likeness)
        one_each = layer.name == ACTIONS or unit is not None
        after = dreamer.dream(
            _several(self.before, len(units) if one_each else 1),
            layer.name, units if one_each else None, asked.recipe, seed,
        )  # fmt: skip
        return LayerDreams(
            layer, units, images, likeness, np.array([self._game.focus(each) for each in added]),
            np.where(began, own_gains(found, units), np.nan),
            np.where(began, selectivities(found, units), np.nan),
            after,
        )  # fmt: skip


def _chosen(layers: Sequence[Layer], asked: Asked) -> list[Layer]:
    names = [layer.name for layer in layers]
    if asked.layer is None:
        hidden = [name for name in names if name.startswith("dense")]
        return [layer for layer in layers if layer.name not in hidden[:-1]]
    if asked.layer not in names:
        raise ReportError(f"--layer {asked.layer}: takes one of {', '.join(names)}")
    (layer,) = (layer for layer in layers if layer.name == asked.layer)
    if asked.unit is not None and asked.unit >= layer.units:
        takes = f"a channel of {layer.name} from 0 to {layer.units - 1}"
        raise ReportError(f"--channel {asked.unit}: takes {takes}")
    return [layer]


def _spread(units: int) -> Array:
    """Up to MOST_UNITS of so many, evenly apart."""
    found: Array = np.unique(np.linspace(0, units - 1, min(units, MOST_UNITS)).round().astype(int))
    return found


def _several(image: Array, count: int) -> Array:
    return np.repeat(image[None], count, axis=0)
