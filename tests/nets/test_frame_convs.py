"""Convolutions lane by lane against the plain forward pass, which is tested by hand."""

import numpy as np
import pytest

from rlbench.nets.conv import ConvNet
from rlbench.nets.frame_convs import FrameConvs

NETWORKS = {
    "nature": ConvNet((4, 84, 84), ((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,), 6),
    "a3c": ConvNet((4, 84, 84), ((16, 8, 4), (32, 4, 2)), (256,), 6),
    "one": ConvNet((2, 13, 11), ((3, 4, 2),), (), 2),  # a row and a column no patch reaches
    "odd": ConvNet((3, 12, 14), ((4, 5, 2), (5, 2, 1)), (), 2),  # 5 is no multiple of 2
    "three": ConvNet((2, 12, 12), ((4, 6, 3), (5, 2, 2)), (7,), 2),
    "single": ConvNet((1, 9, 8), ((4, 3, 1),), (), 2),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_those_of_the_plain_forward_pass(name: str) -> None:
    network, rng = NETWORKS[name], np.random.default_rng(0)
    layers = network.layers(network.initial_uniform(rng))
    convs = FrameConvs(network)
    kernels = convs.kernels(layers)
    frames = rng.integers(0, 256, (3, *network.inputs), np.uint8)
    # Frames between others, as where lanes of a stack have ended.
    frames = np.concatenate([frames, frames])[::2]
    x = np.empty((3, convs.features), np.float32)
    for row in range(3):
        convs(frames[row], kernels, x[row])
    assert x.max() > 0 and (x >= 0).all()
    for number, (kernel, bias) in enumerate(dense := layers[len(network.convs) :]):
        x = x @ kernel + bias
        x = x if number == len(dense) - 1 else np.maximum(x, 0)
    assert np.allclose(x, network.forward(layers, frames), rtol=1e-4, atol=1e-6)


def test_a_frame_does_not_depend_on_the_one_before() -> None:
    network, rng = NETWORKS["a3c"], np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, *network.inputs), np.uint8)
    kernels = FrameConvs(network).kernels(network.layers(network.initial_uniform(rng)))
    used, fresh = FrameConvs(network), FrameConvs(network)
    first, second, alone = (np.empty(used.features, np.float32) for _ in range(3))
    used(frames[0], kernels, first)
    used(frames[1], kernels, second)
    fresh(frames[1], kernels, alone)
    assert second.tobytes() == alone.tobytes() != first.tobytes()
