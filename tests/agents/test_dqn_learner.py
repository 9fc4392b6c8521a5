"""The TensorFlow half of DQN: the same network as in NumPy, and the updates that were meant."""

import numpy as np
import pytest

from rlbench.agents.dqn.learner import Learner
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.checking import check
from rlbench.config.compose import compose
from rlbench.errors import RunError
from rlbench.interfaces import Array
from rlbench.nets import dueling, keras_build
from rlbench.nets.mlp import MLP
from rlbench.nets.tensorflow_runtime import start_tensorflow


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(), (7,), (64, 32)])
def test_numpy_and_keras_networks_agree(activation: str, hidden: tuple[int, ...]) -> None:
    start_tensorflow(1)
    mlp = MLP(5, hidden, 3, activation)
    rng = np.random.default_rng(0)
    parameters = mlp.initial_uniform(rng)
    model = keras_build.build(mlp)
    model.set_weights(keras_build.split(parameters, keras_build.shapes(model)))
    obs = rng.normal(size=(20, 5)).astype(np.float32)
    np.testing.assert_allclose(
        mlp.forward(mlp.layers(parameters), obs.copy()), np.asarray(model(obs)), atol=1e-5
    )
    np.testing.assert_array_equal(
        np.concatenate([w.ravel() for w in model.get_weights()]), parameters
    )


def test_layer_normalisation_agrees_and_starts_at_scale_one() -> None:
    start_tensorflow(1)
    mlp = MLP(5, (16, 8), 3, "elu", layer_norm=True)
    rng = np.random.default_rng(0)
    parameters = mlp.initial_uniform(rng)
    scale, shift = mlp.layers(parameters)[1]
    assert (scale == 1).all() and (shift == 0).all() and scale.shape == (1, 16)
    parameters += rng.normal(size=mlp.size, scale=0.1).astype(np.float32)
    model = keras_build.build(mlp)
    model.set_weights(keras_build.split(parameters, keras_build.shapes(model)))
    obs = rng.normal(size=(20, 5)).astype(np.float32)
    ours = mlp.forward(mlp.layers(parameters), obs.copy())
    np.testing.assert_allclose(ours, np.asarray(model(obs)), atol=1e-5)
    assert MLP.from_description(mlp.describe()) == mlp


def test_layer_normalisation_by_hand() -> None:
    # One input of 1: kernel (1, 3) gives 1 and 3, mean 2, variance 1, so -1 and 1; scaled by 2 and
    # 0.5, shifted by 1 and 0: -1 and 0.5; the output is the sum of their tanh.
    mlp = MLP(1, (2,), 1, "relu", layer_norm=True)
    parameters = np.array([1, 3, 0, 0, 2, 0.5, 1, 0, 1, 1, 0], np.float32)
    out = mlp.forward(mlp.layers(parameters), np.ones((1, 1), np.float32))
    assert out[0, 0] == pytest.approx(np.tanh(-1) + np.tanh(0.5), abs=1e-4)


def test_a_dueling_head_by_hand() -> None:
    start_tensorflow(1)
    # Hidden value half h = 2, advantage half g = 3; V = 10 h + 1, A = (g, 2 g + 3, -g) per choice.
    # Two dimensions of 2 and 1 choices: means of A are (3 + 9) / 2 = 6 and -3.
    streams = [
        np.array([[10.0]], np.float32),
        np.array([1.0], np.float32),
        np.array([[1.0, 2.0, -1.0]], np.float32),
        np.array([0.0, 3.0, 0.0], np.float32),
    ]
    kernel, bias = (np.asarray(part) for part in dueling.fold(streams, (2, 1)))
    np.testing.assert_allclose(np.array([2.0, 3.0]) @ kernel + bias, [21 - 3, 21 + 3, 21])
    assert dueling.widened(MLP(2, (8, 4), 3, "relu")).hidden == (8, 8)
    assert dueling.stream_shapes(MLP(2, (8, 8), 3)) == [(4, 1), (1,), (4, 3), (3,)]


def test_importance_weighs_the_loss_and_errors_come_back() -> None:
    batches = some_batches(np.random.default_rng(3), 3, 4, 2, (3,))
    plain, weighed, nothing = (linear_learner((3,), False, False) for _ in range(3))
    first = plain.update(batches)
    ones = weighed.update(batches, np.ones((3, 4), np.float32))
    assert first.errors is None and ones.errors is not None
    np.testing.assert_allclose(plain.parameters, weighed.parameters, atol=1e-6)
    # Before the first update the errors are those of the parameters it started from.
    w = linear_learner((3,), False, False).parameters.reshape(3, 3)
    x, x_t = (np.c_[obs[0], np.ones(4)] for obs in (batches.obs_tm1, batches.obs_t))
    values = (x @ w)[np.arange(4), batches.actions_tm1[0, :, 0]]
    targets = batches.rewards_t[0] + batches.discounts_t[0] * (x_t @ w).max(axis=1)
    np.testing.assert_allclose(ones.errors[0], targets - values, atol=1e-5)
    assert nothing.update(batches, np.zeros((3, 4), np.float32)).loss == 0.0


def test_bfloat16_computes_roughly_the_same_and_keeps_float32() -> None:
    one, other = (
        Learner(
            MLP(2, (8,), 3, "relu"),
            (3,),
            DQNSettings(batch_size=4, updates_per_train=3, compile=False, precision=precision),
            MLP(2, (8,), 3, "relu").initial_uniform(np.random.default_rng(1)),
            1,
        )
        for precision in ("float32", "bfloat16")
    )
    batches = some_batches(np.random.default_rng(3), 3, 4, 2, (3,))
    a, b = one.update(batches), other.update(batches)
    assert a.loss == pytest.approx(b.loss, rel=0.05) and a.loss != b.loss
    assert other.parameters.dtype == np.float32
    assert other.get_state()["slot_mean"].dtype == np.float32


def some_batches(
    rng: np.random.Generator, K: int, B: int, obs: int, nvec: tuple[int, ...]
) -> Transitions:
    return Transitions(
        rng.normal(size=(K, B, obs)).astype(np.float32),
        rng.integers(0, nvec, (K, B, len(nvec))).astype(np.int32),
        rng.normal(size=(K, B)).astype(np.float32),
        rng.choice(np.array([0.0, 0.9], np.float32), (K, B)),
        rng.normal(size=(K, B, obs)).astype(np.float32),
    )


def linear_learner(nvec: tuple[int, ...], double: bool, compiled: bool) -> Learner:
    settings = DQNSettings(
        hidden=(),
        batch_size=4,
        updates_per_train=3,
        learning_rate=0.01,
        double=double,
        max_gradient_norm=0.5,
        compile=compiled,
    )
    network = MLP(2, (), sum(nvec), "relu")
    return Learner(network, nvec, settings, network.initial_uniform(np.random.default_rng(1)), 1)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("nvec", [(3,), (2, 3)])
def test_updates_of_a_linear_network_equal_those_by_hand(
    nvec: tuple[int, ...], double: bool
) -> None:
    learner = linear_learner(nvec, double, compiled=False)
    batches = some_batches(np.random.default_rng(2), 3, 4, 2, nvec)
    w = learner.parameters.astype(np.float64).reshape(3, -1)  # two rows of kernel, one of bias
    target, mean, square, losses = w.copy(), np.zeros_like(w), np.zeros_like(w), []
    starts = np.cumsum((0, *nvec[:-1]))
    for k in range(3):
        gradient = np.zeros_like(w)
        for b in range(4):
            x = np.append(batches.obs_tm1[k, b], 1)
            x_t = np.append(batches.obs_t[k, b], 1)
            bootstrap = 0.0
            for start, n in zip(starts, nvec, strict=True):
                judged = (x_t @ target)[start : start + n]
                chooser = (x_t @ w)[start : start + n] if double else judged
                bootstrap += judged[chooser.argmax()] / len(nvec)
            columns = starts + batches.actions_tm1[k, b]
            value = (x @ w)[columns].mean()
            error = batches.rewards_t[k, b] + batches.discounts_t[k, b] * bootstrap - value
            losses.append(0.5 * error**2 if abs(error) <= 1 else abs(error) - 0.5)
            for column in columns:
                gradient[:, column] -= np.clip(error, -1, 1) * x / len(nvec) / 4
        gradient *= min(1, 0.5 / np.sqrt((gradient**2).sum()))
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        t = k + 1
        w = w - 0.01 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    loss = learner.update(batches).loss
    assert loss == pytest.approx(np.mean(losses), rel=1e-4)
    np.testing.assert_allclose(learner.parameters.reshape(3, -1), w, atol=2e-5)
    assert learner.updates == 3


def atari_learner(words: list[str]) -> tuple[Learner, Transitions, Array]:
    """A linear network that learns with what Atari gets, and minibatches; its first parameters."""
    asked = compose(["agent=dqn", "env=ALE/Pong-v5", *words]).agent.params
    settings = check(DQNSettings, asked, "agent").model_copy(
        update={"hidden": (), "updates_per_train": 3, "compile": False, "threads": 1}
    )
    network = MLP(2, (), 3, "relu")
    start = network.initial_uniform(np.random.default_rng(1))
    batches = some_batches(np.random.default_rng(2), 3, 32, 2, (3,))
    # Small gradients, as a convolutional network has them: there the constant decides.
    scale = np.float32(0.02)
    batches = batches._replace(obs_tm1=batches.obs_tm1 * scale, obs_t=batches.obs_t * scale)
    return Learner(network, (3,), settings, start, 1), batches, start


def summed_by_hand(batches: Transitions, k: int, w: Array, target: Array, limit: float) -> Array:
    """The sum over minibatch `k` of each TD error, cut to the limit, times what it is of."""
    x, x_t = (np.c_[obs[k], np.ones(32)] for obs in (batches.obs_tm1, batches.obs_t))
    actions = batches.actions_tm1[k, :, 0]
    q = (x @ w)[np.arange(32), actions]
    q2 = (x_t @ target).max(axis=1)
    delta = np.clip(batches.rewards_t[k] + batches.discounts_t[k] * q2 - q, -limit, limit)
    dw = np.zeros_like(w)
    for row, action, error in zip(x, actions, delta, strict=True):
        dw[:, action] += error * row
    return dw


def assert_moved(learner: Learner, batches: Transitions, start: Array, w: Array) -> None:
    """By the updates, as far as by hand."""
    learner.update(batches)
    moved, expected = learner.parameters - start, w.ravel() - start
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("words", [[], ["experiment=nature_dqn"]])
def test_atari_settings_make_the_steps_of_the_authors_code(words: list[str]) -> None:
    """NeuralQLearner.lua sums the gradient over the minibatch and puts 0.01 under the root. The
    loss here is a mean, so that the same step takes another constant."""
    learner, batches, start = atari_learner(words)
    w = start.astype(np.float64).reshape(3, 3)  # two rows of kernel, one of bias
    target, g, g2 = w.copy(), np.zeros_like(w), np.zeros_like(w)
    for k in range(3):
        dw = summed_by_hand(batches, k, w, target, limit=1)
        g, g2 = 0.95 * g + 0.05 * dw, 0.95 * g2 + 0.05 * dw**2
        w = w + 0.00025 * dw / np.sqrt(g2 - g**2 + 0.01)
    assert_moved(learner, batches, start, w)
    assert np.abs(w.ravel() - start).max() > 1e-3


def test_dopamines_settings_make_the_steps_of_its_code() -> None:
    """Its loss is the mean of squared errors, whose gradient is twice that of half of it, and Adam
    has 1.5e-4 beside the root."""
    learner, batches, start = atari_learner(["experiment=dopamine_dqn"])
    w = start.astype(np.float64).reshape(3, 3)
    target, mean, square = w.copy(), np.zeros_like(w), np.zeros_like(w)
    for k in range(3):
        gradient = -2 * summed_by_hand(batches, k, w, target, limit=np.inf) / 32
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        t = k + 1
        w = w - 6.25e-5 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1.5e-4)
    assert_moved(learner, batches, start, w)
    assert np.abs(w.ravel() - start).max() > 1e-4


def test_compiled_and_not_compiled_learn_the_same_up_to_rounding() -> None:
    batches = some_batches(np.random.default_rng(3), 3, 4, 2, (2, 3))
    one, other = (linear_learner((2, 3), True, compiled) for compiled in (True, False))
    one.update(batches)
    other.update(batches)
    np.testing.assert_allclose(one.parameters, other.parameters, atol=1e-5)


def test_state_carries_everything_and_nothing_is_traced_again() -> None:
    rng = np.random.default_rng(4)
    one, other = (linear_learner((3,), True, False) for _ in range(2))
    first, second = some_batches(rng, 3, 4, 2, (3,)), some_batches(rng, 3, 4, 2, (3,))
    one.update(first)
    one.move_target()
    one.update(first)
    other.set_state(one.get_state())
    assert one.update(second) == other.update(second)
    for name, value in one.get_state().items():
        np.testing.assert_array_equal(value, other.get_state()[name])
    assert not np.array_equal(one.get_state()["target"], one.parameters)
    assert one._compiled.update.experimental_get_tracing_count() == 1


def test_learners_of_one_kind_share_what_is_traced_and_nothing_else() -> None:
    one, other, another = (linear_learner((3,), double, False) for double in (True, True, False))
    assert one._compiled is other._compiled is not another._compiled
    before = other.parameters
    one.update(some_batches(np.random.default_rng(3), 3, 4, 2, (3,)))
    assert not np.array_equal(one.parameters, before)
    np.testing.assert_array_equal(other.parameters, before)
    assert one.updates == 3 and other.updates == 0


def test_diverging_is_one_line() -> None:
    learner = linear_learner((3,), True, False)
    batches = some_batches(np.random.default_rng(5), 3, 4, 2, (3,))
    with pytest.raises(RunError, match=r"diverged.*agent\.learning_rate"):
        learner.update(batches._replace(rewards_t=np.full((3, 4), np.inf, np.float32)))


def test_threads_cannot_change_once_tensorflow_runs() -> None:
    start_tensorflow(1).constant(0) + 1
    start_tensorflow(1)
    with pytest.raises(RunError, match="cannot change to 2"):
        start_tensorflow(2)
