"""From plain values of a YAML file to the arguments that Stable-Baselines3's classes take."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.utils import LinearSchedule

from rlbench.agents.sb3.settings import CONTRIB, LINEAR, REFUSED, SCHEDULED, is_linear
from rlbench.errors import ConfigError
from rlbench.registry import choices

# Those that rlbench.nets.mlp has: the policy is judged and saved as one of its networks.
ACTIVATIONS: Mapping[str, Any] = {
    "Tanh": torch.nn.Tanh, "ReLU": torch.nn.ReLU, "ELU": torch.nn.ELU,
}  # fmt: skip
OPTIMIZERS: Mapping[str, Any] = {
    "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW, "RMSprop": torch.optim.RMSprop,
    "RMSpropTFLike": RMSpropTFLike, "SGD": torch.optim.SGD,
}  # fmt: skip
NOISES: Mapping[str, Any] = {
    "normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise,
}  # fmt: skip
# What a value may be where the class says it of its argument.
KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
}


@dataclass(frozen=True)
class Names:
    """What activations and optimizers are called in `policy_kwargs`."""

    activations: Mapping[str, Any]
    optimizers: Mapping[str, Any]


TORCH = Names(ACTIVATIONS, OPTIMIZERS)


def algorithm_class(name: str) -> type[BaseAlgorithm]:
    """The class of an algorithm, of Stable-Baselines3 or of sb3-contrib."""
    found: type[BaseAlgorithm] = getattr(
        sb3_contrib if name in CONTRIB else stable_baselines3, name
    )
    return found


def arguments(
    algorithm: type[BaseAlgorithm], given: Mapping[str, Any], actions: int, names: Names = TORCH
) -> Any:
    """`given` (JSON values) as arguments of the algorithm's class.

    A schedule `lin_X` falls from X to 0 in a line and stays there; classes are named; action_noise
    is {kind, sigma}; a frequency in episodes is [n, episode]. actions: dimensions of an action.
    Raises ConfigError for a name that the class does not take, and for a value that names nothing.
    """
    taken = inspect.signature(algorithm).parameters
    known = [name for name in taken if name not in REFUSED]
    made = dict(given)
    for name, value in given.items():
        if name not in known:
            takes = f"an argument of {algorithm.__name__}: {choices(name, known)}"
            raise ConfigError(f"agent.kwargs.{name}", value, takes)
        _check_kind(name, value, taken[name].annotation)
        if name in SCHEDULED and is_linear(value):
            made[name] = _linear(name, value)
    if isinstance(given.get("train_freq"), list):
        made["train_freq"] = tuple(given["train_freq"])
    if "policy_kwargs" in given:
        made["policy_kwargs"] = _policy_arguments(given["policy_kwargs"], names)
    if given.get("action_noise") is not None:
        made["action_noise"] = _noise(given["action_noise"], actions)
    return made


def _check_kind(name: str, value: Any, annotation: Any) -> None:
    kind = getattr(annotation, "__name__", str(annotation))
    if kind not in KINDS:
        return
    types, takes = KINDS[kind]
    if not isinstance(value, types) or (kind != "bool" and isinstance(value, bool)):
        raise ConfigError(f"agent.kwargs.{name}", value, takes)


def _linear(name: str, value: str) -> Callable[[float], float]:
    try:
        start = float(value.removeprefix(LINEAR))
    except ValueError:
        takes = "a number, or lin_ and a number from which it falls to 0, as lin_0.001"
        raise ConfigError(f"agent.kwargs.{name}", value, takes) from None
    schedule: Callable[[float], float] = LinearSchedule(start, 0.0, 1.0)
    return schedule


def _policy_arguments(given: Any, names: Names) -> dict[str, Any]:
    key = "agent.kwargs.policy_kwargs"
    if not isinstance(given, Mapping):
        raise ConfigError(key, given, "a mapping, as {net_arch: [64,64]}")
    refused = [name for name in given if name.startswith("features_extractor")]
    if refused:
        takes = "no value here: agent.network chooses the network for frames, others are MLPs"
        raise ConfigError(f"{key}.{refused[0]}", given[refused[0]], takes)
    made = dict(given)
    tables = {"activation_fn": names.activations, "optimizer_class": names.optimizers}
    for name, table in tables.items():
        if name in given:
            if str(given[name]) not in table:
                takes = choices(str(given[name]), table)
                raise ConfigError(f"{key}.{name}", given[name], takes)
            made[name] = table[str(given[name])]
    return made


def _noise(given: Any, actions: int) -> Any:
    key, takes = "agent.kwargs.action_noise", f"{{kind: {' or '.join(NOISES)}, sigma: NUMBER}}"
    fits = isinstance(given, Mapping) and given.keys() == {"kind", "sigma"}
    if not fits or str(given["kind"]) not in NOISES or not isinstance(given["sigma"], int | float):
        raise ConfigError(key, given, takes)
    return NOISES[given["kind"]](np.zeros(actions), float(given["sigma"]) * np.ones(actions))
