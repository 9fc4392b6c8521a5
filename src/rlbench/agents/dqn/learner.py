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
        self._tf = start_tensorflow(min(resolve(settings.threads, cores), cores))
        from rlbench.agents.dqn.weights import FlatWeights, ListedWeights
        from rlbench.nets.trainable import make_trainable

        self._network, self._nvec, self._settings = network, nvec, settings
        self._frames = network.observations == "frames"
        self._model = make_trainable(network, settings.library, settings.precision)
        self._shapes = self._model.shapes
        if settings.dueling:
            self._shapes[-2:] = dueling.stream_shapes(network)
        self._weights = (ListedWeights if self._frames else FlatWeights)(self._tf, self._shapes)
        # Without autograph: the loop is a `tf.while_loop`, and nothing else depends on a tensor.
        self._update = self._tf.function(self._run, autograph=False, jit_compile=settings.compile)
        self._parameters: Tensor = self._weights.from_numpy(parameters)
        self._target: Tensor = self._parameters
        zeros = self._weights.from_numpy(np.zeros_like(parameters))
        self._slots: tuple[Tensor, Tensor] = (zeros, zeros)
        self.updates = 0  # made so far
        starting("compiling" if settings.compile else "tracing")
        self._warm_up()

    @property
    def parameters(self) -> Array:
        """The parameters [size] of `network` as the online network has them; read-only."""
        from rlbench.nets.keras_build import split

        flat = self._weights.to_numpy(self._parameters)
        if not self._settings.dueling:
            return flat
        shapes = self._shapes[-4:]
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
        self._parameters, self._slots, loss, value, errors = self._update(
            self._parameters, self._target, self._slots, self._count(), weights, batches
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

    def _warm_up(self) -> None:
        # Trace and compile now, in the start-up's time. The function is pure: nothing is learned.
        lead = (self._settings.updates_per_train, self._settings.batch_size)
        zeros = np.zeros(lead, np.float32)
        dtype: type[Any] = np.uint8 if self._frames else np.float32
        obs = np.zeros((*lead, *self._network.observation_shape), dtype)
        actions = np.zeros((*lead, len(self._nvec)), np.int32)
        batches = Transitions(obs, actions, zeros, zeros, obs)
        weights = zeros if self._settings.prioritized else None
        self._update(self._parameters, self._target, self._slots, self._count(), weights, batches)

    def _count(self) -> Array:
        # An array: a Python number would be traced and compiled again for every value.
        return np.array(self.updates, np.int64)

    def _utilities(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        """Utilities [B, D, n] of the network with `weights` for obs [B, *obs]."""
        from rlbench.agents.dqn import td

        tf = self._tf
        if self._settings.dueling:
            weights = [*weights[:-4], *dueling.fold(weights[-4:], self._nvec)]
        if self._frames:
            obs = tf.cast(tf.transpose(obs, (0, 2, 3, 1)), tf.float32) * np.float32(1 / 255)
        outputs = self._model(weights, obs)
        return td.utilities(tf.cast(outputs, tf.float32), self._nvec)

    def _target_utilities(self, target: list[Tensor], obs_t: Tensor) -> Tensor:
        """Utilities under the target network [K, B, D, n] for obs_t [K, B, *obs].

        The target network is fixed during a call, so all K minibatches are one product.
        """
        K, B, *shape = obs_t.shape
        flat = self._utilities(target, self._tf.reshape(obs_t, (K * B, *shape)))
        return self._tf.reshape(flat, (K, B, *flat.shape[1:]))

    def _run(
        self,
        parameters: Tensor,
        target: Tensor,
        slots: tuple[Tensor, Tensor],
        count: Tensor,
        importance: Tensor | None,
        batches: Transitions,
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, Tensor, Tensor | None]:
        """K updates after the first `count`: new parameters and slots, and what `Updates.run` says
        of losses, values and errors. Tensors as `self._weights` holds them."""
        from rlbench.agents.dqn.updates import Updates

        held = self._weights
        updates = Updates(
            self._tf,
            self._settings,
            self._utilities,
            batches,
            self._target_utilities(held.split(target), batches.obs_t),
            importance,
            count,
            fuse_optimizer=self._frames and not self._settings.compile,
        )
        start = (held.split(tensors) for tensors in (parameters, *slots))
        weights, means, squares, loss, value, errors = updates.run(*start)
        return held.join(weights), (held.join(means), held.join(squares)), loss, value, errors
