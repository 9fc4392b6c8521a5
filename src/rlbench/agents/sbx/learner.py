"""One model of SBX, whose networks and optimizers are JAX's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import sbx
from flax.training.train_state import TrainState

from rlbench.agents.jax_runtime import start_jax
from rlbench.agents.sb3.arguments import Names
from rlbench.agents.sb3.learner import Learner
from rlbench.agents.sb3.model_state import (
    collecting_state,
    model_state,
    restore_collecting,
    restore_model,
)
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.agents.sb3.snapshot import normalisation
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, Context, State
from rlbench.nets.heads import Head, RangeHead, argmax_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy

ACTIVATIONS: Mapping[str, Any] = {"Tanh": nn.tanh, "ReLU": nn.relu, "ELU": nn.elu}
OPTIMIZERS: Mapping[str, Any] = {
    "Adam": optax.adam, "AdamW": optax.adamw, "RMSprop": optax.rmsprop, "SGD": optax.sgd,
}  # fmt: skip
KEYS = ("key", "noise_key")  # from which a policy draws


class SBXLearner(Learner):
    """See `Learner`."""

    names: ClassVar[Names] = Names(ACTIVATIONS, OPTIMIZERS)

    def __init__(self, context: Context, settings: SB3Settings) -> None:
        start_jax(settings.threads_of(context.cores))
        super().__init__(context, settings)

    @staticmethod
    def class_of(algorithm: str) -> Any:
        return getattr(sbx, algorithm)

    @staticmethod
    def seeding(seed: int) -> dict[str, Any]:
        return {"seed": seed}  # of JAX's keys

    def policy(self) -> NetworkPolicy:
        """What `predict(deterministic=True)` does, up to the rounding of float32."""
        policy, env = self._model.policy, self._facts
        named = {function: name.lower() for name, function in ACTIVATIONS.items()}
        if policy.activation_fn not in named:
            raise ConfigError("agent.kwargs.policy_kwargs", "activation_fn", "Tanh, ReLU or ELU")
        layers = _layers(policy)
        hidden = tuple(len(bias) for _, bias in layers[:-1])
        head: Head
        if env.action.kind == "box":
            head = RangeHead(env.action.low, env.action.high, bool(policy.squash_output))
        else:
            head = argmax_head(env.action, None)
        network = MLP(env.observation_size, hidden, head.size, named[policy.activation_fn])
        parameters = np.concatenate([part.ravel() for layer in layers for part in layer])
        return NetworkPolicy(network, head, parameters, **normalisation(self._model))

    def model_state(self) -> State:
        states = {name: _arrays(tree) for name, tree in _train_states(self._model).items()}
        key = np.asarray(self._model.key)
        return {**model_state(self._model), **self._own(), "key": key, "train_states": states}

    def restore_model(self, state: State) -> None:
        restore_model(self._model, state)
        self._restore_own(state)
        model = self._model
        model.key = jnp.asarray(_like(model.key, state["key"]))
        for name, tree in _train_states(model).items():
            owner, _, attribute = name.partition(".")
            found = _with_arrays(tree, state["train_states"][name])
            setattr(_owners(model)[owner], attribute, found)

    def collecting_state(self) -> State:
        return {**collecting_state(self._model), **self._own()}

    def restore_collecting(self, state: State) -> None:
        restore_collecting(self._model, state)
        self._restore_own(state)

    def _own(self) -> State:
        """What a rollout changes beside that of Stable-Baselines3, and an adaptive step size."""
        policy, adaptive = self._model.policy, getattr(self._model, "adaptive_lr", None)
        return {
            "keys": {
                name: np.asarray(getattr(policy, name)) for name in KEYS if hasattr(policy, name)
            },
            "adaptive": None if adaptive is None else float(adaptive.current_adaptive_lr),
        }

    def _restore_own(self, state: State) -> None:
        policy = self._model.policy
        for name, key in self._own()["keys"].items():
            setattr(policy, name, jnp.asarray(_like(key, state["keys"][name])))
        if state["adaptive"] is not None:
            self._model.adaptive_lr.current_adaptive_lr = float(state["adaptive"])


def _owners(model: Any) -> dict[str, Any]:
    return {"policy": model.policy, "model": model}


def _train_states(model: Any) -> dict[str, TrainState]:
    """All parameters with their optimizers and targets, by where they are."""
    return {
        f"{owner}.{name}": value
        for owner, each in _owners(model).items()
        for name, value in vars(each).items()
        if isinstance(value, TrainState)
    }


def _layers(policy: Any) -> list[tuple[Array, Array]]:
    """Kernels [in, out] and biases of the layers from observations to what the head takes: those of
    the means, where deviations have a layer of their own."""
    state = policy.actor_state if hasattr(policy, "actor_state") else policy.qf_state
    parts = state.params["params"]
    dense = sorted((name for name in parts if name.startswith("Dense_")), key=_number)
    if hasattr(policy, "net_arch_pi"):
        dense = dense[: len(policy.net_arch_pi) + 1]
    return [(np.asarray(parts[n]["kernel"]), np.asarray(parts[n]["bias"])) for n in dense]


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


def _arrays(tree: Any) -> dict[str, Array]:
    """The leaves of a tree by their places. A step size that was set is a plain number."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(jnp.asarray(leaf)) for path, leaf in leaves}


def _with_arrays(tree: Any, arrays: Mapping[str, Any]) -> Any:
    _, shape = jax.tree_util.tree_flatten(tree)
    found = [jnp.asarray(_like(leaf, arrays[name])) for name, leaf in _arrays(tree).items()]
    return jax.tree_util.tree_unflatten(shape, found)


def _like(now: Any, value: Any) -> Array:
    """A copy of the part of a saved state that stands for `now`; a file may hold anything."""
    found, mine = np.array(value), np.asarray(now)
    if (found.shape, found.dtype) != (mine.shape, mine.dtype):
        raise ValueError(f"{found.dtype} {found.shape}, not {mine.dtype} {mine.shape}")
    return found
