"""Frames and what is in them."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.films.frames import (
    BACKGROUND,
    HEADING_HEIGHT,
    MARGIN,
    ONE_OF_SEVERAL,
    PICTURE_HEIGHT,
    STRIP_HEIGHT,
    TEXT_SIZE,
    Tile,
    frame,
)
from rlbench.interfaces import Array

pytest.importorskip("PIL", reason="rlbench[video] is not installed")


def plain(height: int, width: int, value: int) -> Array:
    return np.full((height, width, 3), value, np.uint8)


def written(picture: Array, top: int, left: int, right: int) -> int:
    """How many pixels of a line of text are not the background's."""
    line = picture[top : top + TEXT_SIZE + 6, left:right]
    return int((line != np.array(BACKGROUND)).any(-1).sum())


def test_pictures_stand_side_by_side_below_their_words() -> None:
    tiles = [Tile(plain(200, 150, 50), "one", "return 1"), Tile(plain(300, 301, 90), "", "")]
    made = frame(tiles)
    assert made.shape == (STRIP_HEIGHT + ONE_OF_SEVERAL, 526, 3)  # 225 + 301
    assert (made[STRIP_HEIGHT:, :225] == 50).all() and (made[STRIP_HEIGHT:, 225:526] == 90).all()
    assert written(made, 8, 0, 225) > 20 and written(made, 34, 0, 225) > 20
    assert written(made, 8, 225, 526) == 0
    assert frame(tiles[:1]).shape == (STRIP_HEIGHT + PICTURE_HEIGHT, 300, 3)
    assert frame([Tile(plain(400, 301, 50), "", "")]).shape[1] == 302  # made even


def test_a_heading_is_above_all() -> None:
    tile = Tile(plain(400, 300, 50), "one", "two")
    without, made = frame([tile]), frame([tile], "after 5 s of training")
    assert made.shape[0] == without.shape[0] + HEADING_HEIGHT
    assert np.array_equal(made[HEADING_HEIGHT:], without)
    assert written(made, MARGIN, 0, 300) > 20


def test_words_that_are_too_long_are_cut() -> None:
    made = frame([Tile(plain(400, 200, 50), "a long title " * 40, "")])
    assert written(made, 8, 200 - MARGIN, 200) == 0 and written(made, 8, 0, 190) > 100


def test_a_wide_picture_is_made_to_fit() -> None:
    assert frame([Tile(plain(100, 1000, 50), "", "")]).shape == (STRIP_HEIGHT + 80, 800, 3)
