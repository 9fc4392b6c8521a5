"""Networks in Sonnet beside the same ones in Keras: the same outputs, the same step of learning."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import rlbench
from rlbench.agents.dqn.learner import Learner
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import ConfigError
from rlbench.nets import dueling
from rlbench.nets.conv import ConvNet
from rlbench.nets.keras_build import keras_shape, split
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
from rlbench.nets.padded import PaddedConvNet
from rlbench.nets.policy import NetworkPolicy
from rlbench.nets.residual import ResidualNet
from rlbench.nets.tensorflow_runtime import start_tensorflow
from rlbench.nets.trainable import make_trainable

PRESENT = importlib.util.find_spec("sonnet") is not None
with_sonnet = pytest.mark.skipif(not PRESENT, reason="rlbench[sonnet] is not installed")
NETWORKS: dict[str, Network] = {
    "relu": MLP(4, (16, 8), 3, "relu"),
    "linear": MLP(4, (), 3),
    "normalised": MLP(4, (16,), 3, "elu", layer_norm=True),
    "convolutional": ConvNet((2, 12, 11), ((4, 4, 2), (8, 3, 1)), (16,), 3),
    "padded": PaddedConvNet((2, 12, 11), ((4, 4, 2), (8, 3, 1)), (16,), 3),
    "residual": ResidualNet((2, 12, 11), ((4, 1), (8, 2)), (16,), 3),
}


@pytest.mark.skipif(PRESENT, reason="rlbench[sonnet] is installed")
def test_without_it_one_line_says_how_to_install_it() -> None:
    with pytest.raises(ConfigError, match=r"got 'sonnet'; takes keras, or sonnet once .* pip inst"):
        rlbench.make_agent("dqn", **{"agent.library": "sonnet"})


@with_sonnet
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients_are_those_of_keras(name: str) -> None:
    tf, network = start_tensorflow(1), NETWORKS[name]
    rng = np.random.default_rng(0)
    parameters = network.initial_uniform(rng) + rng.normal(0, 0.1, network.size).astype(np.float32)
    obs = tf.constant(rng.random((7, *keras_shape(network)), np.float32))
    outputs, gradients = [], []
    for library in ("keras", "sonnet"):
        model = make_trainable(network, library, "float32")
        weights = [tf.constant(part) for part in split(parameters, model.shapes)]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            out = model(weights, obs)
            loss = tf.reduce_sum(tf.square(out))
        outputs.append(out.numpy())
        gradients.append([part.numpy() for part in tape.gradient(loss, weights)])
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(*gradients, strict=True):
        assert ours.shape == theirs.shape and np.abs(theirs).max() > 0
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@with_sonnet
@pytest.mark.parametrize("with_dueling", [False, True])
def test_updates_are_those_of_keras(with_dueling: bool) -> None:
    network, rng = MLP(4, (16,), 3, "relu"), np.random.default_rng(0)
    network = dueling.widened(network) if with_dueling else network
    start = dueling.initial(network, rng) if with_dueling else network.initial_uniform(rng)
    lead = (3, 8)
    batches = Transitions(
        rng.normal(size=(*lead, 4)).astype(np.float32),
        rng.integers(0, 3, (*lead, 1)).astype(np.int32),
        rng.normal(size=lead).astype(np.float32),
        np.full(lead, 0.9, np.float32),
        rng.normal(size=(*lead, 4)).astype(np.float32),
    )
    learned = []
    for library in ("keras", "sonnet"):
        settings = DQNSettings(
            library=library, dueling=with_dueling, batch_size=8, updates_per_train=3
        )
        learner = Learner(network, (3,), settings, start, 1)
        before = learner.parameters.copy()
        learner.update(batches)
        assert np.abs(learner.parameters - before).max() > 1e-4
        learned.append(learner.parameters)
    np.testing.assert_allclose(learned[1], learned[0], atol=1e-6)


@with_sonnet
def test_dqn_trains_in_it_and_acts_without() -> None:
    settings = {"agent.library": "sonnet", "agent.hidden": [16], "agent.learning_starts_steps": 128}
    with rlbench.make_agent("dqn", **settings) as agent:
        scalars = agent.advance(400)
        policy = agent.policy()
    assert scalars["updates"] > 0 and isinstance(policy, NetworkPolicy)
    assert policy.act(np.zeros((3, 4), np.float32), np.random.default_rng(0)).shape == (3,)


@with_sonnet
def test_it_computes_in_float32_alone() -> None:
    with pytest.raises(ConfigError, match=r"agent.precision: got 'bfloat16'; takes float32 with"):
        rlbench.make_agent("dqn", **{"agent.library": "sonnet", "agent.precision": "bfloat16"})
