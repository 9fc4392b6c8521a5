"""The policy that both agents hand to the evaluation: a network, a head, and NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets.build import network_from_description, package_of
from rlbench.nets.frame_convs import FrameConvs
from rlbench.nets.heads import Head, head_from_description
from rlbench.nets.network import Network

OBS_CLIP = 5.0  # standard deviations, as in the code of Salimans et al. 2017


def normalise(obs: Array, mean: Array, std: Array, clip: float = OBS_CLIP) -> Array:
    """Observations [..., obs] in standard deviations from the mean, clipped to ±`clip`.

    Two ufuncs rather than `np.clip`, which takes several times as long on few lanes.
    """
    normalised = obs - mean
    normalised /= std
    np.maximum(normalised, -clip, out=normalised)
    clipped: Array = np.minimum(normalised, clip, out=normalised)
    return clipped


class NetworkPolicy:
    """Greedy actions of one network; a frozen copy of the parameters it is given.

    Each lane has products of its own, so that its action does not depend on the lanes beside it. On
    frames that is the faster way, too: the convolutions go through the processor's cache.

    parameters: [size]. obs_mean, obs_std: [obs], or None where observations go in as they are;
    normalised observations are clipped to ±obs_clip (see `normalise`).
    """

    independent_lanes: ClassVar[bool] = True

    def __init__(
        self,
        network: Network,
        head: Head,
        parameters: Array,
        obs_mean: Array | None = None,
        obs_std: Array | None = None,
        obs_clip: float = OBS_CLIP,
    ) -> None:
        self.network, self.head, self.obs_clip = network, head, obs_clip
        self.parameters = np.array(parameters, np.float32)
        self.obs_mean = None if obs_mean is None else np.array(obs_mean, np.float32)
        self.obs_std = None if obs_std is None else np.array(obs_std, np.float32)
        self._layers = network.layers(self.parameters)
        self._convs = FrameConvs(network) if network.convs else None
        self._kernels = self._convs.kernels(self._layers) if self._convs is not None else []

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_arrays, (dict(self.arrays()),)

    def outputs(self, obs: Array) -> Array:
        """Network outputs [L, outputs] for observations [L, *obs]."""
        if self._convs is None:
            lanes = self.normalise(obs)[:, None]  # [L, 1, *obs]: a product for each lane
            return self.network.forward(self._layers, lanes)[:, 0]
        x = np.empty((len(obs), 1, self._convs.features), np.float32)
        for frames, features in zip(obs, x, strict=True):
            self._convs(frames, self._kernels, features)
        dense = self._layers[len(self.network.convs) :]
        for number, (kernel, bias) in enumerate(dense):
            x = x @ kernel + bias
            if number < len(dense) - 1:
                x = np.maximum(x, np.float32(0), out=x)
        return x[:, 0]

    def normalise(self, obs: Array) -> Array:
        if self.obs_mean is None or self.obs_std is None:
            return obs
        return normalise(obs, self.obs_mean, self.obs_std, self.obs_clip)

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        """Greedy actions [L] or [L, D]; the generator is not used."""
        return self.head(self.outputs(obs))

    def arrays(self) -> Mapping[str, Array]:
        architecture: dict[str, Any] = {
            "network": self.network.describe(),
            "head": self.head.describe(),
        }
        package = package_of(self.network)
        if package is not None:
            architecture["package"] = package
        arrays = {"architecture": np.array(json.dumps(architecture)), "parameters": self.parameters}
        if self.obs_mean is not None and self.obs_std is not None:
            arrays |= {"obs_mean": self.obs_mean, "obs_std": self.obs_std}
            if self.obs_clip != OBS_CLIP:
                arrays["obs_clip"] = np.array(self.obs_clip)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> NetworkPolicy:
        """The inverse of `arrays`.

        Raises RunError where the network is of a package that is not installed, and ValueError,
        KeyError or TypeError for anything else.
        """
        architecture = json.loads(str(arrays["architecture"]))
        package = str(architecture.get("package", ""))
        network = network_from_description(architecture["network"], package)
        head = head_from_description(architecture["head"])
        if arrays["parameters"].shape != (network.size,) or head.size != network.shapes[-1][1]:
            raise ValueError("the parameters do not fit the architecture beside them")
        statistics = arrays.get("obs_mean"), arrays.get("obs_std")
        shapes = {each.shape for each in statistics if each is not None}
        if not shapes <= {network.observation_shape}:
            raise ValueError("the statistics do not fit the observations")
        clip = float(arrays.get("obs_clip", OBS_CLIP))
        return cls(network, head, arrays["parameters"], *statistics, clip)
