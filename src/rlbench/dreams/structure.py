"""Numbers that say whether dreams show what a network has learned.

likeness: how much more the game changes in the patterns of a dream than in any others of the same
size. With G and D the second moments [n, n] of small patches, of the game's frames less their mean
over time and of what the dream has added to its beginning, each channel less its mean in the patch,
it is d tr(G D) / (tr G tr D), where d = n - channels: 1 where they have nothing to do with each
other, as with white noise, and d at most. What stands still in a game says nothing, and plain
brightness is no pattern: what is left are edges and bars of what moves.

focus: how much more the game varies where the dream has changed the picture than elsewhere. With v
the variance of each pixel over the game's frames and e the square of what the dream has added to
it, it is mean(v e) / (mean(v) mean(e)): 1 where they have nothing to do with each other. A
convolution does the same everywhere and has no places; the layers behind have.

gain: how far the dream's response is above those to the game's frames, in their standard
deviations. selectivity: the gain of the unit that was dreamt of, by the root mean square of the
gains of the layer's other units under the same dream.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import MINIMUM_SEEDS, bootstrap_interval, weights_of_strata
from rlbench.interfaces import Array

SMALLEST = 1e-12  # variance that is none


@dataclass(frozen=True)
class Estimate:
    """A mean over units with its 95 % interval over them; None with fewer than five."""

    value: float
    low: float | None
    high: float | None


class Game:
    """How a game's frames vary. frames: [N, height, width, channels], 0 to 1. width: of the square
    patches that are looked at."""

    def __init__(self, frames: Array, width: int) -> None:
        self._width = width
        self._moments = _moments(frames - frames.mean(axis=0), width)
        self._variance = frames.var(axis=0, dtype=np.float64)

    def focus(self, added: Array) -> float:
        """Of what a dream added [height, width, channels]; NaN where it added nothing."""
        changed = np.square(added, dtype=np.float64)
        size = float(self._variance.mean() * changed.mean())
        if size < SMALLEST:
            return float("nan")
        return float((self._variance * changed).mean() / size)

    def likeness(self, added: Array) -> float:
        """Of what a dream added [height, width, channels]; NaN where it added nothing."""
        own = _moments(added[None], self._width)
        size = float(np.trace(own) * np.trace(self._moments))
        if size < SMALLEST:
            return float("nan")
        dimensions = len(own) - added.shape[-1]
        return float(dimensions * np.sum(own * self._moments) / size)


def _moments(images: Array, width: int) -> Array:
    """Second moments [n, n] of the patches of images [N, height, width, channels], half of one
    apart, each channel less its mean; n = channels * width * width."""
    step = max(1, width // 2)
    windows = np.lib.stride_tricks.sliding_window_view(images, (width, width), axis=(1, 2))
    channels = images.shape[-1]
    patches = windows[:, ::step, ::step].reshape(-1, channels, width * width).astype(np.float32)
    patches -= patches.mean(axis=-1, keepdims=True)
    flat = patches.reshape(len(patches), -1)
    found: Array = (flat.T @ flat).astype(np.float64) / len(flat)
    return found


def gains(dreamt: Array, played: Array) -> Array:
    """Responses [B, units] to dreams in standard deviations of those to the game's frames
    [N, units]."""
    spread = np.maximum(played.std(axis=0), 1e-6 + 1e-3 * np.abs(played).max(initial=0))
    found: Array = (dreamt - played.mean(axis=0)) / spread
    return found


def own_gains(found: Array, units: Array) -> Array:
    """The gain [B] of the unit that each dream is of."""
    own: Array = found[np.arange(len(units)), units]
    return own


def selectivities(found: Array, units: Array) -> Array:
    """Own gains [B] by the root mean square of the other units'; NaN for a layer of one."""
    own = own_gains(found, units)
    others = (np.square(found).sum(axis=1) - own**2) / max(found.shape[1] - 1, 1)
    if found.shape[1] == 1:
        return np.full(len(units), np.nan)
    selective: Array = own / np.sqrt(np.maximum(others, SMALLEST))
    return selective


def mean_of(values: Array) -> Estimate:
    """The mean over units; NaN among them are left out."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Estimate(float("nan"), None, None)
    if len(known) < MINIMUM_SEEDS:
        return Estimate(float(known.mean()), None, None)
    (weights,) = weights_of_strata((len(known),))
    low, high = bootstrap_interval(weights @ known / len(known), len(known) - 1)
    return Estimate(float(known.mean()), low, high)


def ratio_of(above: Array, below: Array) -> Estimate:
    """The ratio of two means over units, which are resampled independently."""
    one, other = above[np.isfinite(above)], below[np.isfinite(below)]
    if not len(one) or not len(other):
        return Estimate(float("nan"), None, None)
    ratio = float(one.mean() / other.mean())
    if min(len(one), len(other)) < MINIMUM_SEEDS:
        return Estimate(ratio, None, None)
    first, second = weights_of_strata((len(one), len(other)))
    samples = (first @ one / len(one)) / (second @ other / len(other))
    low, high = bootstrap_interval(samples, len(one) + len(other) - 2)
    return Estimate(ratio, low, high)
