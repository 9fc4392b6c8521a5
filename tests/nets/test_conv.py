"""Convolutional networks by hand, against Keras, and member by member."""

import numpy as np
import pytest

from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.nets.build import (
    NetworkOptions,
    check_network,
    make_network,
    network_from_description,
)
from rlbench.nets.conv import ConvNet
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
from rlbench.nets.padded import PaddedConvNet
from rlbench.nets.residual import ResidualNet

FRAMES = EnvFacts("ALE/Pong-v5", (4, 84, 84), ActionSpec("discrete", (6,)), 27_000, 4)
BOARD = EnvFacts("MinAtar/X-v1", (4, 10, 10), ActionSpec("discrete", (6,)), 10_000, stacked=False)
VECTOR = EnvFacts("CartPole-v1", (4,), ActionSpec("discrete", (2,)), 500)


def named(name: str, env: EnvFacts = FRAMES, for_frames: str = "nature") -> Network:
    return make_network(name, env, 6, NetworkOptions((8,), "tanh"), for_frames=for_frames)


def test_forward_by_hand() -> None:
    # One 2x2 kernel with stride 1 over a 2x3 frame gives two numbers, then one dense output.
    network = ConvNet((1, 2, 3), ((1, 2, 1),), (), 1)
    #                       kernel        bias  dense   bias
    parameters = np.array([1, 0, 0, -1, 0.5, 2, 10, 1], np.float32)
    assert network.size == len(parameters)
    obs = np.array([[[[255, 0, 51], [0, 0, 255]]]], np.uint8)  # [1, 1, 2, 3]
    # 1 - 0 + 0.5 = 1.5 and 0 - 1 + 0.5 = -0.5, rectified 0: 2 x 1.5 + 10 x 0 + 1
    out = network.forward(network.layers(parameters), obs)
    assert np.allclose(out, [[4.0]])


def test_sizes_are_those_of_the_papers() -> None:
    nature, a3c = named("nature"), named("a3c")
    assert nature.shapes == [(256, 32), (512, 64), (576, 64), (3136, 512), (512, 6)]
    assert nature.size == 1_687_206  # 8,224 + 32,832 + 36,928 + 1,606,144 + 3,078
    assert a3c.shapes == [(256, 16), (256, 32), (2592, 256), (256, 6)]


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize(
    "network",
    [
        ConvNet((2, 11, 12), ((4, 4, 2), (8, 3, 1)), (16,), 5),
        PaddedConvNet((2, 11, 12), ((4, 4, 2), (8, 3, 1)), (16,), 5),
        ResidualNet((2, 11, 12), ((4, 1), (8, 2)), (16,), 5),
    ],
    ids=lambda network: network.KIND,
)
def test_a_member_does_not_depend_on_who_shares_the_stack(network: Network, lanes: int) -> None:
    rng = np.random.default_rng(0)
    parameters = rng.standard_normal((6, network.size), np.float32)
    obs = rng.integers(0, 256, (6, lanes, 2, 11, 12), np.uint8)
    whole = network.forward(network.layers(parameters), obs)
    assert whole.shape == (6, lanes, 5)
    for chosen in ([0], [2, 5]):
        part = network.forward(network.layers(parameters[chosen]), obs[chosen])
        assert part.tobytes() == whole[chosen].tobytes()
    alone = network.forward(network.layers(parameters[3]), obs[3])
    assert np.allclose(alone, whole[3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "env"),
    [("nature", FRAMES), ("dopamine", FRAMES), ("a3c", FRAMES), ("small", BOARD),
     ("impala-small", FRAMES), ("impala-small", BOARD), ("dopamine", BOARD)],
)  # fmt: skip
def test_keras_builds_the_same_network(name: str, env: EnvFacts) -> None:
    from rlbench.nets import keras_build
    from rlbench.nets.tensorflow_runtime import start_tensorflow

    start_tensorflow(1)
    network = named(name, env)
    parameters = network.initial_uniform(np.random.default_rng(0))
    model = keras_build.build(network)
    model.set_weights(keras_build.split(parameters, keras_build.shapes(model)))
    obs = np.random.default_rng(1).integers(0, 256, (3, *env.observation_shape), np.uint8)
    out = model(np.moveaxis(obs, 1, -1).astype(np.float32) / 255)
    ours = network.forward(network.layers(parameters), obs)
    np.testing.assert_allclose(ours, np.asarray(out), rtol=1e-4, atol=1e-5)
    weights = np.concatenate([weight.ravel() for weight in model.get_weights()])
    assert weights.tobytes() == parameters.tobytes()


def test_descriptions_come_back() -> None:
    kinds = (named("nature"), named("dopamine"), named("impala-small"), MLP(3, (4,), 2, "relu"))
    for network in kinds:
        assert network_from_description(network.describe()) == network
    with pytest.raises(RunError, match="the network 'tree' is not installed here"):
        network_from_description({"kind": "tree"})


def test_names_must_fit_what_is_observed() -> None:
    assert named("auto") == named("nature")
    assert named("auto", for_frames="a3c") == named("a3c")
    assert named("auto", BOARD) == ConvNet((4, 10, 10), ((16, 3, 1),), (128,), 6)
    assert named("auto", VECTOR) == MLP(4, (8,), 6, "tanh")
    with pytest.raises(
        ConfigError, match=r"nature, dopamine, a3c, small or impala-small: ALE/Pong"
    ):
        named("mlp")
    with pytest.raises(ConfigError, match="auto or mlp: CartPole-v1 observes a vector"):
        named("nature", VECTOR)


def test_frames_too_small_for_a_network_are_refused() -> None:
    small = EnvFacts("Small-v0", (1, 10, 10), ActionSpec("discrete", (6,)), 100)
    with pytest.raises(ConfigError, match=r"agent.network: got 'a3c'; takes other observations"):
        named("a3c", small)


def test_a_name_that_is_no_network_is_refused_with_the_nearest_one() -> None:
    assert [check_network(name) for name in ("auto", "mlp", "a3c")] == ["auto", "mlp", "a3c"]
    with pytest.raises(ConfigError, match=r"agent.network: got 'natur'; takes auto, mlp, .*nature"):
        check_network("natur")
