"""The learning half of DQN in TensorFlow: many updates a call, compiled once."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import RunError
from rlbench.interfaces import Array, State
from rlbench.nets import dueling
from rlbench.nets.conv import ConvNet
from rlbench.nets.network import Network
from rlbench.settings import resolve

Tensor = Any

SLOTS = ("slot_mean", "slot_square")


class Learnt(NamedTuple):
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
    TensorFlow may use, whatever `settings.threads` says.
    Raises RunError where TensorFlow already runs with other numbers of threads.
    """

    def __init__(
        self,
        network: Network,
        nvec: tuple[int, ...],
        settings: DQNSettings,
        parameters: Array,
        cores: int,
    ) -> None:
        from rlbench.nets.tensorflow_runtime import start_tensorflow

        self._tf = start_tensorflow(min(resolve(settings.threads, cores), cores))
        from rlbench.nets.keras_build import build, shapes

        self._network, self._nvec, self._settings = network, nvec, settings
        self._frames = isinstance(network, ConvNet)
        self._model = build(network, settings.precision)
        self._shapes = shapes(self._model)
        if settings.dueling:
            self._shapes[-2:] = dueling.stream_shapes(network)
        self._update = self._tf.function(self._run, jit_compile=settings.compile)
        self._parameters: Tensor = self._from_numpy(parameters)
        self._target: Tensor = self._parameters
        zeros = self._from_numpy(np.zeros_like(parameters))
        self._slots: tuple[Tensor, Tensor] = (zeros, zeros)
        self.updates = 0  # made so far
        self._warm_up()

    @property
    def parameters(self) -> Array:
        """The parameters [size] of `network` as the online network has them; read-only."""
        flat = self._to_numpy(self._parameters)
        if not self._settings.dueling:
            return flat
        streams = sum(math.prod(shape) for shape in self._shapes[-4:])
        weights = np.split(flat[-streams:], np.cumsum([math.prod(s) for s in self._shapes[-4:-1]]))
        shaped = [w.reshape(shape) for w, shape in zip(weights, self._shapes[-4:], strict=True)]
        kernel, bias = (np.asarray(part) for part in dueling.fold(shaped, self._nvec))
        return np.concatenate([flat[:-streams], kernel.ravel(), bias])

    def move_target(self) -> None:
        """Target <- online; tensors do not change, so sharing one is copying it."""
        self._target = self._parameters

    def update(self, batches: Transitions, weights: Array | None = None) -> Learnt:
        """Make one update for each of the K `batches` [K, B, ...], in order.

        weights: [K, B] of each transition's loss, where replay is prioritised, else None.
        Raises RunError where the loss or the values are no longer finite.
        """
        self._parameters, self._slots, loss, value, errors = self._update(
            self._parameters, self._target, self._slots, self._count(), weights, *batches
        )
        self.updates += len(batches.rewards_t)
        if not math.isfinite(loss) or not math.isfinite(value):
            raise RunError(
                f"DQN diverged within {self.updates} updates (its loss is {float(loss)}): "
                "try a smaller agent.learning_rate or agent.max_gradient_norm"
            )
        return Learnt(float(loss), float(value), None if weights is None else errors.numpy())

    def get_state(self) -> State:
        return {
            "parameters": self._to_numpy(self._parameters),
            "target": self._to_numpy(self._target),
            **{name: self._to_numpy(slot) for name, slot in zip(SLOTS, self._slots, strict=True)},
            "updates": self.updates,
        }

    def set_state(self, state: State) -> None:
        tensor = self._from_numpy
        self._parameters = tensor(state["parameters"])
        self._target = tensor(state["target"])
        self._slots = (tensor(state[SLOTS[0]]), tensor(state[SLOTS[1]]))
        self.updates = int(state["updates"])

    def _warm_up(self) -> None:
        # Trace and compile now, in the start-up's time; the function is pure, so nothing is learnt.
        lead = (self._settings.updates_per_train, self._settings.batch_size)
        zeros = np.zeros(lead, np.float32)
        obs: Array
        if isinstance(self._network, ConvNet):
            obs = np.zeros((*lead, *self._network.inputs), np.uint8)
        else:
            obs = np.zeros((*lead, self._network.shapes[0][0]), np.float32)
        actions = np.zeros((*lead, len(self._nvec)), np.int32)
        batches = Transitions(obs, actions, zeros, zeros, obs)
        weights = zeros if self._settings.prioritized else None
        self._update(self._parameters, self._target, self._slots, self._count(), weights, *batches)

    def _count(self) -> Array:
        # An array: a Python number would be traced, and compiled, anew for every value.
        return np.array(self.updates, np.int64)

    def _from_numpy(self, flat: Array) -> Tensor:
        """A flat vector as the compiled function takes it: flat, or for frames one tensor a weight,
        as taking millions of parameters apart at each call costs."""
        if not self._frames:
            return self._tf.constant(flat)
        sizes = [math.prod(shape) for shape in self._shapes]
        parts = zip(np.split(flat, np.cumsum(sizes)[:-1]), self._shapes, strict=True)
        return [self._tf.constant(part.reshape(shape)) for part, shape in parts]

    def _to_numpy(self, tensors: Tensor) -> Array:
        """The inverse of `_from_numpy`; read-only."""
        if not self._frames:
            return tensors.numpy()  # type: ignore[no-any-return]
        return np.concatenate([tensor.numpy().ravel() for tensor in tensors])

    def _split(self, flat: Tensor) -> list[Tensor]:
        """What is learned, one tensor a weight, out of the flat vector."""
        if self._frames:
            return flat  # type: ignore[no-any-return]
        parts = self._tf.split(flat, [math.prod(shape) for shape in self._shapes])
        pairs = zip(parts, self._shapes, strict=True)
        return [self._tf.reshape(part, shape) for part, shape in pairs]

    def _join(self, weights: list[Tensor]) -> Tensor:
        """The inverse of `_split`."""
        if self._frames:
            return weights
        return self._tf.concat([self._tf.reshape(weight, [-1]) for weight in weights], axis=0)

    def _utilities(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        """Utilities [B, D, n] of the network with `weights` for obs [B, *obs]."""
        from rlbench.agents.dqn import td

        tf = self._tf
        if self._settings.dueling:
            weights = [*weights[:-4], *dueling.fold(weights[-4:], self._nvec)]
        if self._frames:
            obs = tf.cast(tf.transpose(obs, (0, 2, 3, 1)), tf.float32) * np.float32(1 / 255)
        outputs, _ = self._model.stateless_call(weights, [], obs)
        return td.utilities(tf.cast(outputs, tf.float32), self._nvec)

    def _target_utilities(self, target: list[Tensor], obs_t: Tensor) -> Tensor:
        """Utilities under the target network [K, B, D, n] for obs_t [K, B, *obs].

        The target network rests during a call, so all K minibatches are one product.
        """
        K, B, *shape = obs_t.shape
        flat = self._utilities(target, self._tf.reshape(obs_t, (K * B, *shape)))
        return self._tf.reshape(flat, (K, B, *flat.shape[1:]))

    def _run(
        self,
        parameters: Tensor,
        target: Tensor,
        slots: tuple[Tensor, Tensor],
        updates: Tensor,
        importance: Tensor | None,
        obs_tm1: Tensor,
        actions_tm1: Tensor,
        rewards_t: Tensor,
        discounts_t: Tensor,
        obs_t: Tensor,
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, Tensor, Tensor]:
        """K updates in a loop; returns new parameters and slots, mean loss and mean value, and
        the TD errors [K, B] where `importance` [K, B] weighs the losses, else None."""
        from rlbench.agents.dqn import td
        from rlbench.agents.dqn.optimizers import OPTIMIZERS

        tf, settings = self._tf, self._settings
        K = settings.updates_per_train
        optimizer = OPTIMIZERS[settings.optimizer]
        if self._frames and not settings.compile:
            # An optimiser is ten passes over the parameters unless they are fused into one.
            optimizer = tf.function(optimizer, jit_compile=True)
        target_t = self._target_utilities(self._split(target), obs_t)  # [K, B, D, n]

        def loss_of(weights: list[Tensor], k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            if settings.double:
                both = self._utilities(weights, tf.concat([obs_tm1[k], obs_t[k]], axis=0))
                online_tm1, online_t = tf.split(both, 2)
                values_t = td.double_value(online_t, target_t[k])
            else:
                online_tm1 = self._utilities(weights, obs_tm1[k])
                values_t = td.greatest_value(target_t[k])
            values_tm1 = td.chosen_value(online_tm1, actions_tm1[k])
            errors = td.td_error(values_tm1, rewards_t[k], discounts_t[k], values_t)
            losses = td.huber(errors, settings.huber_delta)
            if importance is not None:
                losses *= importance[k]
            return tf.reduce_mean(losses), tf.reduce_mean(values_tm1), errors

        def one_update(
            k: Tensor,
            weights: list[Tensor],
            means: list[Tensor],
            squares: list[Tensor],
            losses: Tensor,
            values: Tensor,
            *errors: Tensor,
        ) -> tuple[Any, ...]:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss, value, errors_k = loss_of(weights, k)
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
                *(kept.write(k, errors_k) for kept in errors),
            )

        zero = tf.constant(0.0)
        start = (
            tf.constant(0),
            self._split(parameters),
            self._split(slots[0]),
            self._split(slots[1]),
            zero,
            zero,
            *([] if importance is None else [tf.TensorArray(tf.float32, size=K)]),
        )
        _, weights, means, squares, losses, values, *errors = tf.while_loop(
            lambda k, *_: k < K, one_update, start
        )
        join = self._join
        slots = (join(means), join(squares))
        stacked = errors[0].stack() if errors else None
        return join(weights), slots, losses / K, values / K, stacked
