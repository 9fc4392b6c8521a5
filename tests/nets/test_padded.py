"""Padded convolutions by hand; Keras, Sonnet and ONNX have them in other tests."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.nets.build import network_from_description
from rlbench.nets.conv import padded
from rlbench.nets.padded import PaddedConvNet

DOPAMINE = PaddedConvNet((4, 84, 84), ((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,), 6)


def test_forward_by_hand() -> None:
    # A kernel of 2 x 2 over two rows and three columns: one column of zeros goes behind, and none
    # before, and a row likewise. So there are six sums of a pixel and that across, below it.
    network = PaddedConvNet((1, 2, 3), ((1, 2, 1),), (), 1)
    #                       kernel      bias  dense             bias
    parameters = np.array([1, 0, 0, -1, 0.5, 1, 10, 100, 2, 20, 200, 1], np.float32)
    assert network.size == len(parameters) and network.grids == [(2, 3), (2, 3)]
    obs = np.array([[[[255, 0, 51], [0, 0, 255]]]], np.uint8)  # [1, 1, 2, 3]
    # 1 - 0, 0 - 1, 0.2; 0, 0, 1; each with 0.5 more and rectified: 1.5, 0, 0.7; 0.5, 0.5, 1.5
    out = network.forward(network.layers(parameters), obs)
    assert out == pytest.approx(np.array([[1.5 + 70 + 1 + 10 + 300 + 1]]))


def test_zeros_are_put_where_tensorflow_puts_them() -> None:
    ones = np.ones((1, 5, 4, 1), np.float32)
    # Five rows in steps of two take three patches, so 2 x 2 + 4 rows: three more, one of them
    # above. Four columns take two patches, so two more.
    around = padded(ones, 4, 2)
    assert around.shape == (1, 8, 6, 1)
    assert around[0, :, 1, 0].tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    assert around[0, 1, :, 0].tolist() == [0, 1, 1, 1, 1, 0]
    # Where steps are wider than patches, nothing is put around.
    assert padded(ones[:, :3], 1, 2).shape == (1, 3, 4, 1)


def test_sizes_are_those_of_dopamine() -> None:
    assert DOPAMINE.grids == [(84, 84), (21, 21), (11, 11), (11, 11)]
    assert DOPAMINE.shapes == [(256, 32), (512, 64), (576, 64), (7744, 512), (512, 6)]
    assert DOPAMINE.widest == 441 * 256
    assert DOPAMINE.with_hidden((1024,)).shapes[-1] == (1024, 6)
    assert network_from_description(DOPAMINE.describe()) == DOPAMINE
    with pytest.raises(ValueError, match="convs: takes whole numbers from 1 up"):
        network_from_description({**DOPAMINE.describe(), "convs": [[32, 8, -4]]})


def test_without_convolutions_it_is_the_dense_layers() -> None:
    network = PaddedConvNet((1, 2, 2), (), (), 1)
    assert network.widest == 1 and network.shapes == [(4, 1)]
    obs = np.full((1, 1, 2, 2), 255, np.uint8)
    out = network.forward(network.layers(np.array([1, 2, 3, 4, 0.5], np.float32)), obs)
    assert out.tolist() == [[10.5]]


def test_parameters_start_as_glorot_and_bengio_draw_them() -> None:
    layers = DOPAMINE.layers(DOPAMINE.initial_uniform(np.random.default_rng(0)))
    # sqrt(6 / (in + out)), for a convolution of 8 x 8 with 4 and 32 channels sqrt(6 / 64 / 36)
    bounds = [0.05103, 0.0625, 0.07217, 0.02696, 0.10762]
    for (kernel, bias), bound in zip(layers, bounds, strict=True):
        assert np.abs(kernel).max() == pytest.approx(bound, rel=0.01)
        assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
        assert not bias.any()
