"""The residual network by hand; Keras and ONNX have it in other tests."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.nets.network import Section
from rlbench.nets.residual import ResidualNet


def test_forward_by_hand() -> None:
    # The middle of each kernel alone is not 0, so a pixel does not see those beside it.
    network = ResidualNet((1, 2, 2), ((1, 1),), (), 1)
    middle = np.eye(9, dtype=np.float32)[4]
    #                                 first          block's first        second        dense
    parts = [[*middle, 0.5], [*(-2 * middle), 1.0], [*(3 * middle), 0.25], [2.0, 1.0]]
    parameters = np.concatenate(parts).astype(np.float32)
    assert network.size == len(parameters) and network.grids == [(2, 2), (1, 1)]
    obs = np.array([[[[255, 0], [0, 51]]]], np.uint8)  # [1, 1, 2, 2]
    # 1.5, 0.5, 0.5 and 0.7, of which 1.5 is the greatest. The block adds 0.25, as -2 x 1.5 + 1 is
    # below zero: 1.75, and 2 x 1.75 + 1.
    assert network.forward(network.layers(parameters), obs) == pytest.approx(np.array([[4.5]]))
    parameters[10 + 9] = 4.0  # now the inner value is 1, and the block adds 3.25
    assert network.forward(network.layers(parameters), obs) == pytest.approx(np.array([[10.5]]))


def test_kernels_see_what_is_beside_a_pixel_and_nothing_beyond_the_edge() -> None:
    network = ResidualNet((1, 3, 3), ((1, 0),), (), 4)
    parameters = np.zeros(network.size, np.float32)
    parameters[:9] = 1.0  # sums of 3 x 3
    parameters[10:26] = np.eye(4, dtype=np.float32).ravel()
    obs = np.zeros((1, 1, 3, 3), np.uint8)
    obs[0, 0, 0, 0], obs[0, 0, 2, 2] = 51, 255
    # Sums are 0.2 around the first corner, 1 around the last one, 1.2 in the middle. Squares stand
    # around each corner.
    out = network.forward(network.layers(parameters), obs)
    assert out == pytest.approx(np.array([[1.2, 1.2, 1.2, 1.2]]))
    obs[0, 0, 2, 2] = 0
    out = network.forward(network.layers(parameters), obs)
    assert out == pytest.approx(np.array([[0.2, 0.2, 0.2, 0.2]]))


def test_it_is_the_papers_with_one_block_a_section() -> None:
    network = ResidualNet((4, 84, 84), ((16, 1), (32, 1), (32, 1)), (256,), 6)
    assert network.shapes == [
        (36, 16), (144, 16), (144, 16), (144, 32), (288, 32), (288, 32), (288, 32), (288, 32),
        (288, 32), (11 * 11 * 32, 256), (256, 6),
    ]  # fmt: skip
    assert [layer.activation for layer in network.stack] == [None, None, "relu", "relu", None]
    assert network.widest == 84 * 84 * 36
    assert network.with_hidden((512,)).shapes[-1] == (512, 6)
    names = [kernel for kernel, _ in network.parameter_names]
    assert names[:4] == [
        "section1/conv/kernel", "section1/block1/conv1/kernel", "section1/block1/conv2/kernel",
        "section2/conv/kernel",
    ]  # fmt: skip
    assert names[-2:] == ["dense1/kernel", "output/kernel"]
    parts = network.stacked(np.zeros(network.size, np.float32))
    assert [len(layers) for _, layers in parts] == [3, 3, 3, 1, 1]
    assert Section(16, 2).kernels == 5
