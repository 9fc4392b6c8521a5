"""The numbers by which dreams are judged, on cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.dreams.structure import Game, gains, mean_of, own_gains, ratio_of, selectivities
from rlbench.interfaces import Array

EDGE = np.array([[1.0, -1.0], [1.0, -1.0]])[None, :, :, None]  # one patch of 2 x 2


def shown(pattern: Array, amounts: list[float]) -> Array:
    """Frames [N, 2, 2, 1], each with so much of a pattern."""
    return np.concatenate([0.5 + amount * pattern for amount in amounts])


def test_likeness_is_the_number_of_dimensions_for_the_one_thing_that_the_game_shows() -> None:
    still = np.array([[[5.0], [9.0]], [[0.0], [2.0]]])
    game = Game(still + shown(EDGE, [-0.1, 0.0, 0.1]), 2)
    wide = np.tile(EDGE[0], (1, 4, 1))  # patches of it are EDGE, its negative, and nothing else
    assert game.likeness(wide) == pytest.approx(3.0)  # four pixels less their mean
    assert game.likeness(7 + 3 * wide) == pytest.approx(
        3.0, rel=1e-5
    )  # of any size, however bright
    lying = np.tile(EDGE[0].transpose(1, 0, 2), (4, 1, 1))
    assert game.likeness(lying) == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(game.likeness(np.zeros((4, 4, 1))))


def test_likeness_of_white_noise_is_one() -> None:
    rng = np.random.default_rng(0)
    game = Game(shown(EDGE, [-0.1, 0.0, 0.2]), 2)
    assert game.likeness(rng.standard_normal((400, 400, 1))) == pytest.approx(1.0, abs=0.02)


def test_focus_is_one_everywhere_alike_and_more_where_the_game_varies() -> None:
    frames = np.zeros((2, 2, 2, 1))
    frames[1, 0, 0] = 1.0  # only one of four pixels varies
    game = Game(frames, 2)
    added = np.full((2, 2, 1), -0.5)
    assert game.focus(added) == pytest.approx(1.0)
    added[0, 0] = 1.0  # squares 1, 1/4, 1/4, 1/4
    assert game.focus(added) == pytest.approx(4 * 1.0 / 1.75)
    assert np.isnan(game.focus(np.zeros((2, 2, 1))))


def test_gain_and_selectivity() -> None:
    played = np.array([[1.0, 10.0, 0.0], [3.0, 10.0, 4.0], [1.0, 14.0, 2.0], [3.0, 14.0, 2.0]])
    found = gains(np.array([[5.0, 14.0, 2.0], [2.0, 18.0, 2.0]]), played)
    assert found == pytest.approx(np.array([[3, 1, 0], [0, 3, 0]]))
    units = np.array([0, 1])
    assert own_gains(found, units).tolist() == [3.0, 3.0]
    assert selectivities(found, units)[0] == pytest.approx(3 / np.sqrt(0.5))
    assert np.isnan(selectivities(found[:, :1], units[:1])).all()


def test_means_and_ratios_leave_out_what_never_began_and_have_intervals() -> None:
    values = np.array([1.0, 2.0, 3.0, 2.0, 2.0, np.nan])
    mean = mean_of(values)
    assert mean.value == 2.0 and mean.low is not None and mean.high is not None
    assert 1.0 < mean.low < 2.0 < mean.high < 3.0
    assert mean_of(values[:2]).low is None
    ratio = ratio_of(2 * values, values)
    assert ratio.value == 2.0 and ratio.low is not None and ratio.high is not None
    assert 1.0 < ratio.low < 2.0 < ratio.high
    assert np.isnan(ratio_of(values, values[-1:]).value)
