"""The learning half of DQN in TensorFlow: many updates a call, compiled once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.nets import dueling
from rlbench.nets.network import Network
from rlbench.settings import resolve

Tensor = Any

SLOTS = ("slot_mean", "slot_square")


class UpdateResult(NamedTuple):
    """What K updates on [K, B] transitions came to."""

    loss: float  # mean over all of them
    value: float  # mean, of the actions taken
    errors: Array | None  # TD errors [K, B], where replay is prioritised


class Learner:
    """Parameters, target network and optimiser, and K = `updates_per_train` updates in one call.

    One call costs about as much as one update besides its work, so the K minibatches of a call
    are stacked. The compiled function is pure; what it works on lies here, flat: [size].

    network: outputs sum(nvec) utilities; with `settings.dueling` a widened one (see
    `nets.dueling`). parameters: the initial ones, flat, float32. cores: the most threads that
    TensorFlow may use, whatever `settings.threads` says. starting: see `interfaces.Context`.
    Raises RunError where TensorFlow already runs with other numbers of threads.
    """

    def __init__(
        self,
        network: Network,
        nvec: tuple[int, ...],
        settings: DQNSettings,
        parameters: Array,
        cores: int,
        starting: Callable[[str], None] = lambda what: None,
    ) -> None:
        from rlbench.nets.tensorflow_runtime import start_tensorflow

        starting("importing TensorFlow")
        start_tensorflow(min(resolve(settings.threads, cores), cores))
        from rlbench.agents.dqn.compiled import compiled

        self._nvec, self._settings = nvec, settings
        starting("compiling" if settings.compile else "tracing")
        self._compiled = compiled(network, nvec, settings)
        self._weights = self._compiled.weights
        self._parameters: Tensor = self._weights.from_numpy(parameters)
        self._target: Tensor = self._parameters
        zeros = self._weights.from_numpy(np.zeros_like(parameters))
        self._slots: tuple[Tensor, Tensor] = (zeros, zeros)
        self.updates = 0  # made so far

    @property
    def parameters(self) -> Array:
        """The parameters [size] of `network` as the online network has them; read-only."""
        from rlbench.nets.keras_build import split

        flat = self._weights.to_numpy(self._parameters)
        if not self._settings.dueling:
            return flat
        shapes = self._compiled.shapes[-4:]
        streams = sum(math.prod(shape) for shape in shapes)
        folded = dueling.fold(split(flat[-streams:], shapes), self._nvec)
        kernel, bias = (np.asarray(part) for part in folded)
        return np.concatenate([flat[:-streams], kernel.ravel(), bias])

    def move_target(self) -> None:
        """Target <- online; tensors do not change, so sharing one is copying it."""
        self._target = self._parameters

    def update(self, batches: Transitions, weights: Array | None = None) -> UpdateResult:
        """Make one update for each of the K `batches` [K, B, ...], in order.

        weights: [K, B] of each transition's loss, where replay is prioritised, else None.
        Raises RunError where the loss or the values are no longer finite.
        """
        # An array: a Python number would be traced and compiled again for every value.
        count = np.array(self.updates, np.int64)
        self._parameters, self._slots, loss, value, errors = self._compiled.update(
            self._parameters, self._target, self._slots, count, weights, batches
        )
        self.updates += len(batches.rewards_t)
        if not math.isfinite(loss) or not math.isfinite(value):
            raise RunError(
                f"DQN diverged within {self.updates} updates (its loss is {float(loss)}): "
                "try a smaller agent.learning_rate or agent.max_gradient_norm"
            )
        return UpdateResult(float(loss), float(value), None if weights is None else errors.numpy())

    def get_state(self) -> State:
        return {
            "parameters": self._weights.to_numpy(self._parameters),
            "target": self._weights.to_numpy(self._target),
            **{
                name: self._weights.to_numpy(slot)
                for name, slot in zip(SLOTS, self._slots, strict=True)
            },
            "updates": self.updates,
        }

    def set_state(self, state: State) -> None:
        tensor = self._weights.from_numpy
        self._parameters = tensor(state["parameters"])
        self._target = tensor(state["target"])
        self._slots = (tensor(state[SLOTS[0]]), tensor(state[SLOTS[1]]))
        self.updates = int(state["updates"])
