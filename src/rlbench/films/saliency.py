"""What a policy on pixels looks at: where a change of what it sees would change its choice.

Occlusion, after Greydanus et al. 2018 (arXiv 1711.00138), equations 1 to 3: at each of many places
the frames are blurred, and S = 1/2 |f(I) - f(I')|^2 says how much the outputs f change. Here f are
the outputs, of choices less their mean, as what is the same for all of them changes no choice. A
board of few squares cannot be blurred: there each square is emptied.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlbench.films.episodes import Shot, Theatre
from rlbench.films.observation import in_colours
from rlbench.interfaces import Array
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.policy import NetworkPolicy

MASK_PX, BLUR_PX = 5.0, 3.0  # the paper's: standard deviations of the mask and of the blur
PLACES_APART_PX = 6  # the paper: 5
LARGE_PX = 32  # from here on frames are blurred; smaller ones are boards
STEPS_APART = 10  # of those that the film's scale is taken from
BRIGHT = 90.0  # the percentile of these steps' largest S that is as bright as can be
HOT = np.array([255, 60, 30], np.float32)
DIM = 0.6  # of what is seen, behind what is looked at


class Gaze:
    """Draws what a policy looks at, beside the game. scale: the S that is as bright as can be."""

    def __init__(self, policy: NetworkPolicy, stacked: bool, scale: float = 1.0) -> None:
        self._policy, self._stacked, self._scale = policy, stacked, scale
        height, width = policy.network.observation_shape[1:]
        self._large = height >= LARGE_PX
        apart = PLACES_APART_PX if self._large else 1
        self._rows = np.arange(apart // 2, height, apart)
        self._columns = np.arange(apart // 2, width, apart)
        self._masks = _masks(self._rows, self._columns, height, width, self._large)

    def saliency(self, obs: Array) -> Array:
        """S at each place [rows, columns] for an observation [channels, height, width] uint8."""
        seen = obs.astype(np.float32)
        behind = _blurred(seen) if self._large else np.zeros_like(seen)
        changed = seen + self._masks[:, None] * (behind - seen)
        inputs = np.concatenate([obs[None], np.rint(changed).astype(np.uint8)])
        outputs = self._policy.outputs(inputs).astype(np.float64)
        if isinstance(self._policy.head, ArgmaxHead):
            outputs -= outputs.mean(axis=1, keepdims=True)
        found: Array = 0.5 * np.square(outputs[1:] - outputs[0]).sum(axis=1)
        return found.reshape(len(self._rows), len(self._columns))

    def beside(self, shot: Shot) -> Array:
        """The picture of a shot, and to its right, as high, what the policy sees, red where it
        looks."""
        from PIL import Image
        from PIL.Image import Resampling

        obs = shot.step.obs
        seen = in_colours(np.moveaxis(obs, 0, -1).astype(np.float32) / 255, self._stacked)
        bright = np.clip(self.saliency(obs) / self._scale, 0, 1).astype(np.float32)
        height = shot.picture.shape[0]
        size = round(height * seen.shape[1] / seen.shape[0]), height
        way = Resampling.BILINEAR if self._large else Resampling.NEAREST
        heat = np.asarray(Image.fromarray(bright).resize(size, way))[..., None]
        shown = np.asarray(Image.fromarray(seen).resize(size, Resampling.NEAREST))
        mixed = DIM * shown * (1 - heat) + HOT * heat
        return np.concatenate([shot.picture, np.rint(mixed).astype(np.uint8)], axis=1)


def gaze(policy: NetworkPolicy, theatre: Theatre, episodes: Sequence[int], longest: int) -> Gaze:
    """A gaze whose scale is that of the first `longest` steps of these episodes: they are played
    for it once before the film."""
    stacked = theatre.facts.frames
    trial, steps = Gaze(policy, stacked), 0
    largest: list[float] = []
    for episode in episodes:
        for shot in theatre.play(policy, episode):
            if steps % STEPS_APART == 0:
                largest.append(float(trial.saliency(shot.step.obs).max()))
            steps += 1
            if steps >= longest:
                break
        if steps >= longest:
            break
    scale = float(np.percentile(largest, BRIGHT))
    return Gaze(policy, stacked, scale if scale > 0 else 1.0)


def _masks(rows: Array, columns: Array, height: int, width: int, large: bool) -> Array:
    """How much of each pixel is changed, for each place [places, height, width]."""
    down, across = rows[:, None] - np.arange(height), columns[:, None] - np.arange(width)
    if large:
        down, across = (np.exp(-0.5 * (far / MASK_PX) ** 2) for far in (down, across))
    else:
        down, across = down == 0, across == 0
    both = down[:, None, :, None] * across[None, :, None, :]
    found: Array = both.reshape(-1, height, width).astype(np.float32)
    return found


def _blurred(frames: Array) -> Array:
    """Frames [channels, height, width] through a Gaussian of BLUR_PX, edges going on."""
    reach = int(np.ceil(3 * BLUR_PX))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / BLUR_PX) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in (1, 2):
        padding = [(reach, reach) if each == axis else (0, 0) for each in range(3)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(frames, padding, mode="edge"), 2 * reach + 1, axis=axis
        )
        frames = windows @ weights
    return frames
