"""What a stranger's policy.npz may say of its network and head, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rlbench.interfaces import Array
from rlbench.nets.policy import NetworkPolicy

MLP = {"kind": "mlp", "inputs": 4, "hidden": [], "outputs": 2, "activation": "tanh"}
CONV = {"kind": "conv", "inputs": [4, 84, 84], "convs": [[1, 8, 4]], "hidden": [], "outputs": 2}
RESIDUAL = {
    "kind": "residual",
    "inputs": [1, 4, 4],
    "sections": [[1, 1]],
    "hidden": [],
    "outputs": 2,
}
CHOICE = {"kind": "argmax", "nvec": [2], "values": None, "single": True}
RANGE = {"kind": "range", "low": [0, 0], "high": [1, 1], "tanh": True, "limit": None}
BOX = {"kind": "continuous", "low": [0, 0], "high": [1, 1]}


def read(network: Any, head: Any, size: int, **arrays: Array) -> NetworkPolicy:
    architecture = np.array(json.dumps({"network": network, "head": head}))
    parameters = np.zeros(size, np.float32)
    return NetworkPolicy.from_arrays(
        {"architecture": architecture, "parameters": parameters, **arrays}
    )


@pytest.mark.parametrize(
    ("network", "size", "message"),
    [
        # With a kernel wider than the frames and a negative stride, patches lay outside of them.
        (CONV | {"convs": [[1, 88, -4]]}, 30_987, "convs: takes whole numbers from 1 up"),
        (CONV | {"convs": [[1, 0, 4]]}, 0, "convs: takes"),
        (CONV | {"convs": [[1, 8, 0]]}, 0, "convs: takes"),
        (CONV | {"hidden": [0]}, 0, "hidden: takes"),
        (MLP | {"inputs": -1}, 0, "inputs: takes"),
        (MLP | {"outputs": 0}, 0, "outputs: takes"),
        (RESIDUAL | {"sections": []}, 34, "sections: takes at least one"),
        (RESIDUAL | {"sections": [[0, 1]]}, 2, "filters: takes whole numbers from 1 up"),
        (RESIDUAL | {"sections": [[1, -1]]}, 20, "blocks: takes whole numbers from 0 up"),
    ],
)
def test_networks_of_impossible_sizes(network: Any, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(network, CHOICE, size)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (CHOICE | {"nvec": [3, -1]}, "nvec: takes at least one choice"),
        (CHOICE | {"nvec": []}, "nvec: takes at least one choice"),
        (CHOICE | {"values": [[0.0, 1.0]]}, "values: takes one for each choice"),
        (CHOICE | {"values": [[0.0]], "single": False}, "values: takes one for each choice"),
        (CHOICE | {"values": [[0, 1], [0, 1]], "single": False}, "values: takes one for each"),
        (BOX | {"high": [1]}, "low and high: take as many"),
        (RANGE | {"high": [1, 1, 1]}, "low and high: take as many"),
    ],
)
def test_heads_that_no_output_fits(head: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(MLP, head, 10)


@pytest.mark.parametrize("shape", [(3,), (1,), (1, 4)])
def test_statistics_have_the_shape_of_an_observation(shape: tuple[int, ...]) -> None:
    ones = np.ones(shape, np.float32)
    with pytest.raises(ValueError, match="the statistics do not fit the observations"):
        read(MLP, CHOICE, 10, obs_mean=ones, obs_std=ones)


@pytest.mark.parametrize(
    ("network", "size"), [(MLP, 10), (CONV, 1059), (RESIDUAL, 40)], ids=["mlp", "conv", "residual"]
)
def test_what_rlbench_writes_is_read(network: Any, size: int) -> None:
    for head in (CHOICE, BOX, RANGE, CHOICE | {"values": [[-1.0, 1.0]], "single": False}):
        assert read(network, head, size).network.describe() == network
