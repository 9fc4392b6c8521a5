"""What a policy sees, in colours."""

from __future__ import annotations

import numpy as np

from rlbench.films.observation import in_colours


def test_of_stacked_frames_the_newest_is_red_and_the_oldest_blue() -> None:
    image = np.zeros((1, 4, 4), np.float32)
    image[0, 0] = 1  # stands still
    image[0, 1, 0] = image[0, 2, 3] = 1
    grey, oldest, newest, nothing = in_colours(image, stacked=True)[0].tolist()
    assert (grey, oldest, newest) == ([255, 255, 255], [0, 0, 255], [255, 0, 0])
    assert nothing == [0, 0, 0]


def test_other_channels_have_a_hue_each() -> None:
    shown = in_colours(np.eye(6, dtype=np.float32)[None], stacked=False)[0]
    assert shown[0].tolist() == [255, 51, 51]  # the first one is red
    assert len({tuple(colour) for colour in shown.tolist()}) == 6
    assert in_colours(np.eye(4, dtype=np.float32)[None], False)[0, 3].tolist() != [255, 0, 0]
