"""What DQN's learner computes in TensorFlow: K updates as one pure function, traced once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from rlbench.agents.dqn import td
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.agents.dqn.updates import Updates
from rlbench.agents.dqn.weights import FlatWeights, ListedWeights
from rlbench.nets import dueling
from rlbench.nets.network import Network
from rlbench.nets.trainable import make_trainable

Tensor = Any


class Compiled:
    """The functions of one network under some settings; call `start_tensorflow` first.

    weights: turns parameters [size] into what the functions take, and back. shapes: of the weights,
    with the two streams of a dueling head. update: `_run`, traced and, where the settings say so,
    compiled.
    """

    def __init__(self, network: Network, nvec: tuple[int, ...], settings: DQNSettings) -> None:
        import tensorflow as tf

        self._tf, self._network, self._nvec, self._settings = tf, network, nvec, settings
        self._frames = network.observations == "frames"
        self._model = make_trainable(network, settings.library, settings.precision)
        self.shapes = self._model.shapes
        if settings.dueling:
            self.shapes[-2:] = dueling.stream_shapes(network)
        self.weights = (ListedWeights if self._frames else FlatWeights)(tf, self.shapes)
        # Without autograph: the loop is a `tf.while_loop`, and nothing else depends on a tensor.
        self.update = tf.function(self._run, autograph=False, jit_compile=settings.compile)
        self._warm_up()

    def utilities(self, weights: list[Tensor], obs: Tensor) -> Tensor:
        """Utilities [B, D, n] of the network with `weights` for obs [B, *obs]."""
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
        flat = self.utilities(target, self._tf.reshape(obs_t, (K * B, *shape)))
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
        of losses, values and errors. Tensors as `weights` holds them."""
        held = self.weights
        updates = Updates(
            self._tf,
            self._settings,
            self.utilities,
            batches,
            self._target_utilities(held.split(target), batches.obs_t),
            importance,
            count,
            fuse_optimizer=self._frames and not self._settings.compile,
        )
        start = (held.split(tensors) for tensors in (parameters, *slots))
        weights, means, squares, loss, value, errors = updates.run(*start)
        return held.join(weights), (held.join(means), held.join(squares)), loss, value, errors

    def _warm_up(self) -> None:
        # Trace and compile now, in the start-up's time. The function is pure: nothing is learned.
        lead = (self._settings.updates_per_train, self._settings.batch_size)
        zeros = np.zeros(lead, np.float32)
        dtype: type[Any] = np.uint8 if self._frames else np.float32
        obs = np.zeros((*lead, *self._network.observation_shape), dtype)
        actions = np.zeros((*lead, len(self._nvec)), np.int32)
        batches = Transitions(obs, actions, zeros, zeros, obs)
        importance = zeros if self._settings.prioritized else None
        size = sum(int(np.prod(shape)) for shape in self.shapes)
        held = self.weights.from_numpy(np.zeros(size, np.float32))
        self.update(held, held, (held, held), np.array(0, np.int64), importance, batches)


# Agents of one kind, one after another in a process, trace once; the bound is what may stay behind.
compiled = lru_cache(maxsize=4)(Compiled)
