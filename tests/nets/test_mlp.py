"""The MLP by hand, and the property that the population's products rest on."""

import pickle
from typing import Any

import numpy as np
import pytest

from rlbench.errors import ConfigError
from rlbench.interfaces import ActionSpec, Array
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import (
    ArgmaxHead,
    ContinuousHead,
    RangeHead,
    argmax_head,
    head_from_description,
)
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy


def test_forward_by_hand() -> None:
    mlp = MLP(2, (2,), 1, "relu")
    #                       kernel 1      bias 1  kernel 2  bias 2
    parameters = np.array([1, -1, 2, 0.5, 0, 1, 3, -1, 0.25], np.float32)
    assert mlp.size == len(parameters)
    out = mlp.forward(mlp.layers(parameters), np.array([[1, 1], [-1, 0]], np.float32))
    # [1 + 2 + 0, -1 + 0.5 + 1] = [3, 0.5] -> 9 - 0.5 + 0.25; [-1, 2] -> [0, 2] -> -2 + 0.25
    assert out.tolist() == [[8.75], [-1.75]]


def test_no_hidden_layer_is_linear() -> None:
    mlp = MLP(2, (), 2)
    parameters = np.array([1, 2, 3, 4, 5, 6], np.float32)
    out = mlp.forward(mlp.layers(parameters), np.array([[1, 1]], np.float32))
    assert out.tolist() == [[9, 12]]


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_member_does_not_depend_on_who_shares_the_stack(lanes: Any) -> None:
    rng = np.random.default_rng(0)
    mlp = MLP(8, (64, 64), 4)
    parameters = rng.standard_normal((50, mlp.size), np.float32)
    obs = rng.standard_normal((50, lanes, 8)).astype(np.float32)
    whole = mlp.forward(mlp.layers(parameters), obs)
    for chosen in ([0], [3, 4, 5], list(range(0, 50, 7))):
        part = mlp.forward(mlp.layers(parameters[chosen]), obs[chosen])
        assert part.tobytes() == whole[chosen].tobytes()


def test_initial_columns_have_unit_norm_and_the_last_the_norm_asked_for() -> None:
    mlp = MLP(8, (16,), 4)
    layers = mlp.layers(mlp.initial(np.random.default_rng(0), output_scale=0.01))
    assert np.allclose(np.linalg.norm(layers[0][0], axis=0), 1)
    assert np.allclose(np.linalg.norm(layers[1][0], axis=0), 0.01)
    assert not layers[0][1].any() and not layers[1][1].any()


def test_argmax_head_single_even_and_ragged() -> None:
    assert ArgmaxHead((3,), single=True)(np.array([[0, 2, 1], [5, 5, 0]])).tolist() == [1, 0]
    even = ArgmaxHead((2, 2))
    assert even(np.array([[0, 1, 3, 2]])).tolist() == [[1, 0]]
    ragged = ArgmaxHead((2, 3))
    assert ragged(np.array([[[0, 1, 5, 6, 7]]])).tolist() == [[[1, 2]]]


def test_a_box_is_cut_into_bins() -> None:
    head = argmax_head(ActionSpec("box", (), (-2.0, 0.0), (2.0, 1.0)), 3)
    assert head.size == 6
    assert head(np.array([[0, 0, 9, 0, 9, 0]])).tolist() == [[2.0, 0.5]]
    unbounded = ActionSpec("box", (), (-np.inf,), (np.inf,))
    with pytest.raises(ConfigError, match="unbounded"):
        argmax_head(unbounded, 3)
    with pytest.raises(ConfigError, match="2 or more"):
        argmax_head(unbounded, None)
    wide = ActionSpec("box", (), (-1.0,) * 17, (1.0,) * 17)
    with pytest.raises(ConfigError, match="17 dimensions would need 5100"):
        argmax_head(wide, 300)


def test_continuous_head_spans_the_box_and_clips() -> None:
    head = ContinuousHead((-2.0, 0.0), (2.0, 10.0))
    assert head(np.array([[0.5, -1.0], [3.0, 0.0]], np.float32)).tolist() == [
        [1.0, 0.0],
        [2.0, 5.0],
    ]
    free = ContinuousHead((-np.inf, -1.0), (np.inf, 1.0))
    assert free(np.array([[7.0, 7.0]], np.float32)).tolist() == [[7.0, 1.0]]


def test_range_head_cuts_or_squashes_into_the_range() -> None:
    outputs = np.array([[-3.0, 0.0], [1.0, 9.0]], np.float32)
    assert RangeHead((-2.0, 1.0), (2.0, 5.0))(outputs).tolist() == [[-2.0, 1.0], [1.0, 5.0]]
    squashed = RangeHead((-2.0, 1.0), (2.0, 5.0), tanh=True)(outputs)
    at_1, at_3 = np.tanh(1.0), np.tanh(3.0)
    np.testing.assert_allclose(squashed, [[-2 * at_3, 3.0], [2 * at_1, 5.0]], rtol=1e-6)
    cut = RangeHead((-2.0, 1.0), (2.0, 5.0), tanh=True, limit=1.0)(outputs)
    np.testing.assert_allclose(cut, [[-2 * at_1, 3.0], [2 * at_1, 3 + 2 * at_1]], rtol=1e-6)


@pytest.mark.parametrize(
    "head",
    [
        RangeHead((-2.0, 1.0), (2.0, 5.0)),
        RangeHead((-2.0, 1.0), (2.0, 5.0), tanh=True, limit=2.0),
        ArgmaxHead((3,), single=True),
        ArgmaxHead((2, 2), ((0.0, 1.0), (-1.0, 1.0))),
        ContinuousHead((-np.inf, 0.0), (np.inf, 1.0)),
    ],
)
def test_policy_arrays_round_trip(head: Any) -> None:
    network = MLP(4, (5,), head.size)
    rng = np.random.default_rng(1)
    policy = NetworkPolicy(
        network, head, network.initial(rng), rng.standard_normal(4), np.full(4, 2.0)
    )
    again = NetworkPolicy.from_arrays(policy.arrays())
    obs = rng.standard_normal((6, 4)).astype(np.float32)
    assert again.head == head and head_from_description(head.describe()) == head
    assert np.array_equal(again.act(obs, rng), policy.act(obs, rng))


def test_policy_normalises_and_clips() -> None:
    network = MLP(1, (), 1)
    policy = NetworkPolicy(
        network,
        ContinuousHead((-np.inf,), (np.inf,)),
        np.array([1, 0]),
        np.array([1]),
        np.array([2]),
    )
    obs = np.array([[3.0], [100.0]], np.float32)
    assert policy.act(obs, np.random.default_rng()).tolist() == [[1.0], [5.0]]
    wider = NetworkPolicy(
        network, policy.head, policy.parameters, policy.obs_mean, policy.obs_std, obs_clip=10.0
    )
    for each in (wider, NetworkPolicy.from_arrays(wider.arrays())):
        assert each.act(obs, np.random.default_rng()).tolist() == [[1.0], [10.0]]


def lane_by_lane(network: Network, obs: Array) -> None:
    head = ContinuousHead((-np.inf,) * 3, (np.inf,) * 3)
    policy = NetworkPolicy(network, head, network.initial(np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    actions = policy.act(obs, rng)
    for rows in ([0], [3, 1], [6, 5, 4, 3, 2, 1, 0]):
        assert policy.act(obs[rows], rng).tobytes() == actions[rows].tobytes()
    again = pickle.loads(pickle.dumps(policy))  # noqa: S301
    assert again.act(obs, rng).tobytes() == actions.tobytes()
    expected = network.forward(network.layers(policy.parameters), obs)
    np.testing.assert_allclose(actions, expected, rtol=1e-4, atol=1e-5)


def test_an_action_does_not_depend_on_the_lanes_beside_it() -> None:
    obs = np.random.default_rng(2).standard_normal((7, 11)).astype(np.float32)
    lane_by_lane(MLP(11, (64, 48), 3, "tanh"), obs)
    lane_by_lane(MLP(11, (64, 48), 3, "elu", layer_norm=True), obs)
    frames = np.random.default_rng(3).integers(256, size=(7, 4, 84, 84), dtype=np.uint8)
    lane_by_lane(ConvNet((4, 84, 84), ((16, 8, 4), (32, 4, 2)), (256,), 3), frames)
