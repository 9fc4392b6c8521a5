"""A network of rlbench for frames as Stable-Baselines3's policies take one."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from rlbench.nets.build import A3C, NetworkBuilder, NetworkOptions

# Beside Stable-Baselines3's own, which is the Nature network.
BUILDERS: dict[str, NetworkBuilder] = {"a3c": A3C}


class FrameNetwork(BaseFeaturesExtractor):  # type: ignore[misc]
    """Convolutions and one dense layer, rectified after each: features that policy and value share.

    name: of one of `BUILDERS`. Scaled frames come from Stable-Baselines3.
    """

    def __init__(self, observation_space: Any, name: str) -> None:
        shape = observation_space.shape
        network = BUILDERS[name].build(shape, 1, NetworkOptions())
        (units,) = network.hidden
        super().__init__(observation_space, units)
        self.builder = BUILDERS[name]
        layers: list[nn.Module] = []
        channels = shape[0]
        for filters, width, stride in network.convs:
            layers += [nn.Conv2d(channels, filters, width, stride), nn.ReLU()]
            channels = filters
        rows, columns = network.grids[-1]
        self.cnn = nn.Sequential(*layers, nn.Flatten())
        self.linear = nn.Sequential(nn.Linear(channels * rows * columns, units), nn.ReLU())

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Features [N, units] of scaled frames [N, frames, height, width]."""
        features: torch.Tensor = self.linear(self.cnn(observations))
        return features


def with_network(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of an algorithm whose policy then has this network, and no layers behind it."""
    if name not in BUILDERS:
        return given
    network = {
        "features_extractor_class": FrameNetwork, "features_extractor_kwargs": {"name": name}
    }  # fmt: skip
    return {**given, "policy_kwargs": {"net_arch": [], **given.get("policy_kwargs", {}), **network}}
