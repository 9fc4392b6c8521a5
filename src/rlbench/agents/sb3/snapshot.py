"""The deterministic policy of a model of Stable-Baselines3 as a network of rlbench."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn

from rlbench.agents.sb3.frame_network import FrameNetwork
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, EnvFacts
from rlbench.nets.build import NATURE, NetworkOptions
from rlbench.nets.heads import Head, RangeHead, argmax_head
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy

ACTIVATIONS: dict[type[nn.Module], str] = {nn.Tanh: "tanh", nn.ReLU: "relu", nn.ELU: "elu"}


def snapshot(model: Any, env: EnvFacts) -> NetworkPolicy:
    """What `model.predict(obs, deterministic=True)` does, up to the rounding of float32.

    Raises ConfigError where the policy is no MLP, or on frames no network with one output layer.
    """
    extractor, modules, quantiles = _acting(model)
    dense, activation, limit, squashes = _dense(modules)
    head: Head
    if env.action.kind == "box":
        squashes = squashes or bool(model.policy.squash_output)
        head = RangeHead(env.action.low, env.action.high, squashes, limit)
    else:
        head = argmax_head(env.action, None)
    if quantiles:
        dense[-1] = _mean_over_quantiles(*dense[-1], quantiles)
    layers = [(weight.T, bias) for weight, bias in dense]
    network: Network
    if isinstance(extractor, NatureCNN | FrameNetwork):
        network, layers = _for_frames(extractor, layers, env)
    else:
        hidden = tuple(len(bias) for _, bias in dense[:-1])
        network = MLP(env.observation_size, hidden, head.size, activation)
    parameters = np.concatenate([part.ravel() for layer in layers for part in layer])
    return NetworkPolicy(network, head, parameters, **normalisation(model))


def _acting(model: Any) -> tuple[nn.Module, list[nn.Module], int]:
    """What makes features of observations, the layers from these to what the head takes, and over
    how many quantiles their outputs are averaged (0: none)."""
    policy = model.policy
    if hasattr(policy, "mlp_extractor"):  # A2C, PPO, TRPO
        extractor = policy.pi_features_extractor
        return extractor, [*_flat(policy.mlp_extractor.policy_net), policy.action_net], 0
    if hasattr(policy, "quantile_net"):
        net = policy.quantile_net
        return net.features_extractor, _flat(net.quantile_net), net.n_quantiles
    if hasattr(policy, "q_net"):
        return policy.q_net.features_extractor, _flat(policy.q_net.q_net), 0
    if hasattr(policy, "actor"):
        actor = policy.actor
        latent = _flat(actor.latent_pi) if hasattr(actor, "latent_pi") else []  # not of TD3
        return actor.features_extractor, [*latent, *_flat(actor.mu)], 0
    return policy.features_extractor, _flat(policy.action_net), 0  # ARS


def _flat(module: nn.Module) -> list[nn.Module]:
    return list(module) if isinstance(module, nn.Sequential) else [module]


def _dense(modules: list[nn.Module]) -> tuple[list[tuple[Array, Array]], str, float | None, bool]:
    """Weights [out, in] and biases of the dense layers, the activation between them, where outputs
    are cut, and whether they go through tanh."""
    last = max(i for i, module in enumerate(modules) if isinstance(module, nn.Linear))
    dense = [_arrays(m) for m in modules if isinstance(m, nn.Linear)]
    between = {type(m) for m in modules[:last] if not isinstance(m, nn.Linear)}
    behind = modules[last + 1 :]
    if len(between) > 1 or not between <= ACTIVATIONS.keys():
        names = ", ".join(sorted(kind.__name__ for kind in between))
        raise ConfigError("agent.kwargs.policy_kwargs", names, "an MLP with one activation")
    activation = ACTIVATIONS[between.pop()] if between else "tanh"
    limits = [float(m.max_val) for m in behind if isinstance(m, nn.Hardtanh)]
    # With a limit the layers' own outputs are cut; it is gSDE's distribution that squashes them.
    return dense, activation, next(iter(limits), None), any(isinstance(m, nn.Tanh) for m in behind)


def _arrays(layer: nn.Linear) -> tuple[Array, Array]:
    weight = _numpy(layer.weight)
    return weight, np.zeros(len(weight), np.float32) if layer.bias is None else _numpy(layer.bias)


def _numpy(tensor: Any) -> Array:
    array: Array = tensor.detach().cpu().numpy()
    return array


def _mean_over_quantiles(weight: Array, bias: Array, quantiles: int) -> tuple[Array, Array]:
    """A last layer whose outputs are the means of those of another, [quantiles x actions]."""
    return (
        weight.reshape(quantiles, -1, weight.shape[1]).mean(axis=0),
        bias.reshape(quantiles, -1).mean(axis=0),
    )


def _for_frames(
    extractor: NatureCNN | FrameNetwork, layers: list[tuple[Array, Array]], env: EnvFacts
) -> tuple[Network, list[tuple[Array, Array]]]:
    """The network for frames, and its layers as `ConvNet` has them: kernels [width, width,
    channels, filters], and the last convolution flattened by row, column, filter."""
    if len(layers) != 1:
        key = "agent.kwargs.policy_kwargs.net_arch"
        raise ConfigError(key, len(layers) - 1, "no layers behind the network for frames")
    builder = extractor.builder if isinstance(extractor, FrameNetwork) else NATURE
    network = builder.build(env.observation_shape, len(layers[0][1]), NetworkOptions())
    convs = [
        (_numpy(conv.weight).transpose(2, 3, 1, 0), _numpy(conv.bias)) for conv in _convs(extractor)
    ]
    (linear,) = (m for m in extractor.linear if isinstance(m, nn.Linear))
    weight, bias = _arrays(linear)
    filters = network.convs[-1][0]
    by_channel = weight.reshape(len(bias), filters, *network.grids[-1])
    by_place = by_channel.transpose(0, 2, 3, 1).reshape(len(bias), -1)
    return network, [*convs, (by_place.T, bias), *layers]


def _convs(extractor: NatureCNN | FrameNetwork) -> Iterator[nn.Conv2d]:
    return (m for m in extractor.cnn if isinstance(m, nn.Conv2d))


def normalisation(model: Any) -> dict[str, Any]:
    """The running statistics of observations, where these are normalised."""
    normal: Any = model.get_vec_normalize_env()
    if normal is None or not normal.norm_obs:
        return {}
    deviation = np.sqrt(normal.obs_rms.var + normal.epsilon)
    return {"obs_mean": normal.obs_rms.mean, "obs_std": deviation, "obs_clip": normal.clip_obs}
