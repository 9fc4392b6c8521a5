"""The learning half of DQN in TensorFlow: many updates a call, compiled once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.nets.mlp import MLP

Tensor = Any

SLOTS = ("slot_mean", "slot_square")


class Learner:
    """Parameters, target network and optimiser, and K = `updates_per_train` updates in one call.

    One call costs about as much as one update besides its work, so the K minibatches of a call
    are stacked. The compiled function is pure; what it works on lies here, flat: [size].

    network: outputs sum(nvec) utilities. parameters: the initial ones [size] float32. cores: the
    most threads that TensorFlow may use, whatever `settings.threads` says.
    Raises RunError where TensorFlow already runs with other numbers of threads.
    """

    def __init__(
        self,
        network: MLP,
        nvec: tuple[int, ...],
        settings: DQNSettings,
        parameters: Array,
        cores: int,
    ) -> None:
        from rlbench.nets.tensorflow_runtime import start_tensorflow

        self._tf = start_tensorflow(min(settings.threads, cores))
        from rlbench.nets.keras_mlp import build

        self._network, self._nvec, self._settings = network, nvec, settings
        self._model = build(network)
        self._update = self._tf.function(self._run, jit_compile=settings.compile)
        self._parameters: Tensor = self._tf.constant(parameters)
        self._target: Tensor = self._parameters
        zeros = self._tf.zeros(network.size)
        self._slots: tuple[Tensor, Tensor] = (zeros, zeros)
        self.updates = 0  # made so far
        self._warm_up()

    @property
    def parameters(self) -> Array:
        """The online network's parameters [size]; treat as read-only."""
        return self._parameters.numpy()  # type: ignore[no-any-return]

    def move_target(self) -> None:
        """Target <- online; tensors do not change, so sharing one is copying it."""
        self._target = self._parameters

    def update(self, batches: Transitions) -> tuple[float, float]:
        """Make one update for each of the K `batches` [K, B, ...], in order.

        Returns the mean loss and the mean value of the actions taken, over all K x B transitions.
        Raises RunError where they are no longer finite.
        """
        self._parameters, self._slots, loss, value = self._update(
            self._parameters, self._target, self._slots, self._count(), *batches
        )
        self.updates += len(batches.rewards_t)
        if not math.isfinite(loss) or not math.isfinite(value):
            raise RunError(
                f"DQN diverged within {self.updates} updates (its loss is {float(loss)}): "
                "try a smaller agent.learning_rate or agent.max_gradient_norm"
            )
        return float(loss), float(value)

    def get_state(self) -> State:
        return {
            "parameters": self._parameters.numpy(),
            "target": self._target.numpy(),
            **{name: slot.numpy() for name, slot in zip(SLOTS, self._slots, strict=True)},
            "updates": self.updates,
        }

    def set_state(self, state: State) -> None:
        tensor = self._tf.constant
        self._parameters = tensor(state["parameters"])
        self._target = tensor(state["target"])
        self._slots = (tensor(state[SLOTS[0]]), tensor(state[SLOTS[1]]))
        self.updates = int(state["updates"])

    def _warm_up(self) -> None:
        # Trace and compile now, in the start-up's time; the function is pure, so nothing is learnt.
        lead = (self._settings.updates_per_train, self._settings.batch_size)
        zeros = np.zeros(lead, np.float32)
        obs = np.zeros((*lead, self._network.inputs), np.float32)
        actions = np.zeros((*lead, len(self._nvec)), np.int32)
        batches = Transitions(obs, actions, zeros, zeros, obs)
        self._update(self._parameters, self._target, self._slots, self._count(), *batches)

    def _count(self) -> Array:
        # An array: a Python number would be traced, and compiled, anew for every value.
        return np.array(self.updates, np.int64)

    def _split(self, flat: Tensor) -> list[Tensor]:
        """The weights of the Keras model, in its order, out of flat [size]."""
        shapes = [tuple(weight.shape) for weight in self._model.trainable_variables]
        parts = self._tf.split(flat, [math.prod(shape) for shape in shapes])
        return [self._tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]

    def _join(self, weights: list[Tensor]) -> Tensor:
        return self._tf.concat([self._tf.reshape(weight, [-1]) for weight in weights], axis=0)

    def _utilities(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        """Utilities [B, D, n] of the network with `weights` for obs [B, obs]."""
        from rlbench.agents.dqn import td

        outputs, _ = self._model.stateless_call(weights, [], obs)
        return td.utilities(outputs, self._nvec)

    def _target_utilities(self, target: list[Tensor], obs_t: Tensor) -> Tensor:
        """Utilities under the target network [K, B, D, n] for obs_t [K, B, obs].

        The target network rests during a call, so all K minibatches are one product.
        """
        K, B, size = obs_t.shape
        flat = self._utilities(target, self._tf.reshape(obs_t, (K * B, size)))
        return self._tf.reshape(flat, (K, B, *flat.shape[1:]))

    def _run(
        self,
        parameters: Tensor,
        target: Tensor,
        slots: tuple[Tensor, Tensor],
        updates: Tensor,
        obs_tm1: Tensor,
        actions_tm1: Tensor,
        rewards_t: Tensor,
        discounts_t: Tensor,
        obs_t: Tensor,
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, Tensor]:
        """K updates in a loop; returns new parameters and slots, mean loss and mean value."""
        from rlbench.agents.dqn import td
        from rlbench.agents.dqn.optimizers import OPTIMIZERS

        tf, settings = self._tf, self._settings
        K = settings.updates_per_train
        optimizer = OPTIMIZERS[settings.optimizer]
        target_t = self._target_utilities(self._split(target), obs_t)  # [K, B, D, n]

        def loss_of(weights: list[Tensor], k: Tensor) -> tuple[Tensor, Tensor]:
            if settings.double:
                both = self._utilities(weights, tf.concat([obs_tm1[k], obs_t[k]], axis=0))
                online_tm1, online_t = tf.split(both, 2)
                values_t = td.double_value(online_t, target_t[k])
            else:
                online_tm1 = self._utilities(weights, obs_tm1[k])
                values_t = td.greatest_value(target_t[k])
            values_tm1 = td.chosen_value(online_tm1, actions_tm1[k])
            errors = td.td_error(values_tm1, rewards_t[k], discounts_t[k], values_t)
            return tf.reduce_mean(td.huber(errors, settings.huber_delta)), tf.reduce_mean(
                values_tm1
            )

        def one_update(
            k: Tensor,
            weights: list[Tensor],
            means: list[Tensor],
            squares: list[Tensor],
            losses: Tensor,
            values: Tensor,
        ) -> tuple[Any, ...]:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss, value = loss_of(weights, k)
            gradients = tape.gradient(loss, weights)
            if settings.max_gradient_norm is not None:
                gradients, _ = tf.clip_by_global_norm(gradients, settings.max_gradient_norm)
            count = tf.cast(updates + tf.cast(k, updates.dtype) + 1, tf.float32)
            new = [
                optimizer(
                    weight,
                    gradient,
                    (mean, square),
                    count,
                    settings.learning_rate,
                    settings.optimizer_epsilon,
                )
                for weight, gradient, mean, square in zip(
                    weights, gradients, means, squares, strict=True
                )
            ]
            return (
                k + 1,
                [weight for weight, _ in new],
                [mean for _, (mean, _) in new],
                [square for _, (_, square) in new],
                losses + loss,
                values + value,
            )

        zero = tf.constant(0.0)
        start = (
            tf.constant(0),
            self._split(parameters),
            self._split(slots[0]),
            self._split(slots[1]),
            zero,
            zero,
        )
        _, weights, means, squares, losses, values = tf.while_loop(
            lambda k, *_: k < K, one_update, start
        )
        join = self._join
        return join(weights), (join(means), join(squares)), losses / K, values / K
