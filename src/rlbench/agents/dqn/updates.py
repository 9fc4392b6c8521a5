"""The updates of one call of the learner, as TensorFlow traces and compiles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlbench.agents.dqn import td
from rlbench.agents.dqn.optimizers import OPTIMIZERS
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings

Tensor = Any
Weights = list[Tensor]  # what is learned, one tensor a weight


class Updates:
    """K updates, one after another, on the minibatches `batches` [K, B, ...].

    utilities: [B, D, n] of the online network with some weights for obs [B, *obs]. target_t: the
    target network's for all obs_t, [K, B, D, n]. importance: [K, B], weights of the losses where
    replay is prioritised, else None. updates: made before. fuse_optimizer: compile the optimiser
    apart, where the rest is not compiled.
    """

    def __init__(
        self,
        tf: Any,
        settings: DQNSettings,
        utilities: Callable[[Weights, Tensor], Tensor],
        batches: Transitions,
        target_t: Tensor,
        importance: Tensor | None,
        updates: Tensor,
        *,
        fuse_optimizer: bool,
    ) -> None:
        self._tf, self._settings, self._utilities = tf, settings, utilities
        self._batches, self._target_t = batches, target_t
        self._importance, self._updates = importance, updates
        self._optimizer: Callable[..., Any] = OPTIMIZERS[settings.optimizer]
        if fuse_optimizer:
            # An optimiser is ten passes over the parameters unless they are fused into one.
            self._optimizer = tf.function(self._optimizer, jit_compile=True)

    def run(
        self, weights: Weights, means: Weights, squares: Weights
    ) -> tuple[Weights, Weights, Weights, Tensor, Tensor, Tensor | None]:
        """The weights after K updates and both slots of the optimiser; the mean loss and the mean
        value of the actions taken; the TD errors [K, B] where losses are weighed, else None."""
        tf, K = self._tf, self._settings.updates_per_train
        zero = tf.constant(0.0)
        errors = [] if self._importance is None else [tf.TensorArray(tf.float32, size=K)]
        start = (tf.constant(0), weights, means, squares, zero, zero, *errors)
        _, weights, means, squares, losses, values, *errors = tf.while_loop(
            lambda k, *_: k < K, self._update, start
        )
        stacked = errors[0].stack() if errors else None
        return weights, means, squares, losses / K, values / K, stacked

    def _update(
        self,
        k: Tensor,
        weights: Weights,
        means: Weights,
        squares: Weights,
        losses: Tensor,
        values: Tensor,
        *errors: Tensor,
    ) -> tuple[Any, ...]:
        """The k-th update, as the body of the loop."""
        tf, settings = self._tf, self._settings
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, value, errors_k = self._loss(weights, k)
        gradients = tape.gradient(loss, weights)
        if settings.max_gradient_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, settings.max_gradient_norm)
        count = tf.cast(self._updates + tf.cast(k, self._updates.dtype) + 1, tf.float32)
        rates = (settings.learning_rate, settings.optimizer_epsilon)
        new = [
            self._optimizer(weight, gradient, slots, count, *rates)
            for weight, gradient, *slots in zip(weights, gradients, means, squares, strict=True)
        ]
        return (
            k + 1,
            [weight for weight, _ in new],
            [mean for _, (mean, _) in new],
            [square for _, (_, square) in new],
            losses + loss,
            values + value,
            *(kept.write(k, errors_k) for kept in errors),
        )

    def _loss(self, weights: Weights, k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss and mean value of the k-th minibatch, and its TD errors [B]."""
        tf, batches, target_t = self._tf, self._batches, self._target_t
        obs_tm1 = batches.obs_tm1[k]
        if self._settings.double:
            both = self._utilities(weights, tf.concat([obs_tm1, batches.obs_t[k]], axis=0))
            online_tm1, online_t = tf.split(both, 2)
            values_t = td.double_value(online_t, target_t[k])
        else:
            online_tm1 = self._utilities(weights, obs_tm1)
            values_t = td.greatest_value(target_t[k])
        values_tm1 = td.chosen_value(online_tm1, batches.actions_tm1[k])
        errors = td.td_error(values_tm1, batches.rewards_t[k], batches.discounts_t[k], values_t)
        losses = td.huber(errors, self._settings.huber_delta)
        if self._importance is not None:
            losses *= self._importance[k]
        return tf.reduce_mean(losses), tf.reduce_mean(values_tm1), errors
