"""Gradient ascent on networks whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest

from rlbench.dreams.ascent import Dreamer, Layer, Recipe
from rlbench.interfaces import Array
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import ArgmaxHead, ContinuousHead
from rlbench.nets.policy import NetworkPolicy
from rlbench.nets.residual import ResidualNet
from rlbench.nets.tensorflow_runtime import start_tensorflow

NETWORK = ConvNet((2, 6, 6), ((3, 2, 1),), (4,), 2)
PLAIN = Recipe(steps=20, octaves=1, jitter_px=0, smoothing_px=0.0, rate=0.05)


@pytest.fixture(scope="module")
def dreamer() -> Dreamer:
    """conv1: 0 likes a bright first channel, 1 a dark second one, and 2 is silent until its places
    are bright. Action 0 likes all that channel 0 gives, action 1 nothing."""
    start_tensorflow(1)
    parameters = np.zeros(NETWORK.size, np.float32)
    (conv, bias), (dense, _), (last, _) = NETWORK.layers(parameters)
    kernel = conv.reshape(2, 2, 2, 3)
    kernel[:, :, 0, 0], kernel[:, :, 1, 1], kernel[:, :, :, 2] = 1, -1, 1
    bias[0, 1:] = 3, -7
    dense.reshape(5, 5, 3, 4)[:, :, 0, 0] = 1
    last[0, 0] = 1
    head = ArgmaxHead((2,), single=True)
    return Dreamer(NetworkPolicy(NETWORK, head, parameters))


def grey(count: int = 1) -> Array:
    return np.full((count, 6, 6, 2), 0.5, np.float32)


def test_the_layers_are_those_of_the_network(dreamer: Dreamer) -> None:
    assert dreamer.layers == [Layer("conv1", 3), Layer("dense1", 4), Layer("actions", 2)]


def test_responses_are_weighted_sums_before_the_activation(dreamer: Dreamer) -> None:
    assert dreamer.responses(grey(), "conv1").tolist() == [[2.0, 1.0, -3.0]]
    assert dreamer.responses(grey(), "actions").tolist() == [[25.0, -25.0]]  # 50 and 0


def test_each_channel_gets_what_it_likes(dreamer: Dreamer) -> None:
    first, second, third = dreamer.dream(grey(3), "conv1", np.arange(3), PLAIN, 0)
    assert (first[..., 0] > 0.8).all() and (first[..., 1] == 0.5).all()
    assert (second[..., 1] < 0.2).all() and (second[..., 0] == 0.5).all()
    assert (third > 0.6).all() and third.mean() > 0.8, "a silent channel is woken"


def test_a_residual_network_is_dreamt_of_by_its_sections() -> None:
    start_tensorflow(1)
    network = ResidualNet((2, 6, 6), ((3, 1), (2, 0)), (4,), 2)
    parameters = network.initial_uniform(np.random.default_rng(0))
    made = Dreamer(NetworkPolicy(network, ArgmaxHead((2,), single=True), parameters))
    names = [(layer.name, layer.units) for layer in made.layers]
    assert names == [("section1", 3), ("section2", 2), ("dense1", 4), ("actions", 2)]
    excited = made.dream(grey(2), "section2", np.arange(2), PLAIN, 0)
    before, after = (made.responses(images, "section2") for images in (grey(2), excited))
    assert (after.diagonal() > before.diagonal()).all()


def test_an_action_and_a_whole_layer(dreamer: Dreamer) -> None:
    (for_it,) = dreamer.dream(grey(), "actions", np.array([0]), PLAIN, 0)
    (against,) = dreamer.dream(grey(), "actions", np.array([1]), PLAIN, 0)
    assert (for_it[..., 0] > 0.8).all() and (against[..., 0] < 0.2).all()
    (whole,) = dreamer.dream(grey(), "conv1", None, PLAIN, 0)
    assert (whole[..., 0] > 0.8).all() and (whole[..., 1] < 0.5).all()


def test_of_a_single_number_it_is_the_number() -> None:
    start_tensorflow(1)
    network = ConvNet((2, 6, 6), ((1, 2, 1),), (), 1)
    parameters = np.ones(network.size, np.float32)
    made = Dreamer(NetworkPolicy(network, ContinuousHead((-1.0,), (1.0,)), parameters))
    # 25 places of 8 pixels of 0.5 and a bias, and another bias
    assert made.responses(grey(), "actions").tolist() == [[126.0]]


def test_the_seed_decides(dreamer: Dreamer) -> None:
    wild = Recipe(steps=3, octaves=2, jitter_px=2, smoothing_px=0.5)
    assert wild.blurs_px == [1.0, 0.5]
    starts = np.random.default_rng(0).random((1, 6, 6, 2)).astype(np.float32)
    made = [dreamer.dream(starts, "conv1", np.array([1]), wild, seed) for seed in (0, 0, 1)]
    assert made[0].tobytes() == made[1].tobytes() != made[2].tobytes()
