"""What a policy on pixels sees, in colours."""

from __future__ import annotations

import colorsys

import numpy as np

from rlbench.interfaces import Array

# Of the last four frames, oldest first: red, green and blue of each. What stands still is grey, and
# what moves has blue behind it and red in front.
TIMES = np.array([[0, 0, 1], [0, 0.5, 0], [0, 0.5, 0], [1, 0, 0]], np.float32)


def in_colours(image: Array, stacked: bool) -> Array:
    """A picture [height, width, 3] uint8 of an observation [height, width, channels] with values
    from 0 to 1. stacked: whether the channels are frames, oldest first; else each has a hue."""
    channels = image.shape[-1]
    colours = TIMES if stacked and channels == len(TIMES) else hues(channels)
    shown = np.clip(image @ colours, 0, 1)
    found: Array = np.round(255 * shown).astype(np.uint8)
    return found


def hues(channels: int) -> Array:
    """A colour [channels, 3] for each of so many channels."""
    spread = [colorsys.hsv_to_rgb(number / channels, 0.8, 1.0) for number in range(channels)]
    return np.array(spread, np.float32)
