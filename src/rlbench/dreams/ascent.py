"""Gradient ascent on a picture: what excites a channel, a unit or an action of a network.

DeepDream (Mordvintsev, Olah & Tyka 2015) follows the gradient of the mean square of activations,
in octaves and with jitter. A network here takes pictures of one size only. So an octave is not a
smaller picture but a gradient that is blurred as much: first wide patterns, then fine ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.interfaces import Array
from rlbench.nets import keras_build
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.policy import NetworkPolicy

ACTIONS = "actions"  # the last layer
SLEEPING = 0.1  # how much of a negative sum is felt: a channel that is silent can be woken
FLAT = 1e-12  # a gradient below it has no direction


@dataclass(frozen=True)
class Recipe:
    """steps: of each octave. rate: how far a step goes, in root mean square; pixels are 0 to 1.
    jitter_px: how far the picture is moved at most before a step. smoothing_px: the width of the
    finest octave's blur, each octave before it has twice that of the next; 0: none."""

    steps: int
    octaves: int
    jitter_px: int
    smoothing_px: float
    rate: float = 0.02

    @property
    def blurs_px(self) -> list[float]:
        """The blur of each octave, the widest first."""
        return [self.smoothing_px * 2**octave for octave in reversed(range(self.octaves))]


@dataclass(frozen=True)
class Layer:
    """A layer that can be dreamt of: conv1, conv2, ..., dense1, ..., actions. units: its channels,
    units or outputs."""

    name: str
    units: int


class Dreamer:
    """The layers of a policy's network, in TensorFlow, which is to be started before."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self._policy = policy
        self._parts = dict(_parts(policy))
        self._steps: dict[tuple[str, float], Any] = {}

    @property
    def layers(self) -> list[Layer]:
        return [Layer(name, int(part.outputs[0].shape[-1])) for name, part in self._parts.items()]

    def responses(self, images: Array, layer: str) -> Array:
        """How strongly images [B, height, width, channels] excite each unit [B, units]: its
        weighted sum, the mean over all places; of a choice, how far it is above the mean."""
        summed = self._sums(layer, np.asarray(images, np.float32))
        found: Array = summed.numpy().mean(axis=1)
        return found

    def dream(
        self, starts: Array, layer: str, units: Array | None, recipe: Recipe, seed: int
    ) -> Array:
        """Pictures [B, height, width, channels] that excite one unit each, or for None all of a
        layer, from `starts` [B, ...] with values from 0 to 1."""
        import tensorflow as tf

        rng = np.random.default_rng(seed)
        images = tf.constant(starts, tf.float32)
        chosen = None if units is None else tf.constant(units, tf.int32)
        for blur_px in recipe.blurs_px:
            step = self._step(layer, blur_px, chosen is None)
            for _ in range(recipe.steps):
                shift = rng.integers(-recipe.jitter_px, recipe.jitter_px + 1, 2, np.int32)
                images = step(images, chosen, tf.constant(shift), tf.constant(recipe.rate))
        found: Array = images.numpy()
        return found

    def _sums(self, layer: str, images: Any) -> Any:
        """Weighted sums [B, places, units] before the activation."""
        import tensorflow as tf

        summed = self._parts[layer](images, training=False)
        summed = tf.reshape(summed, (tf.shape(images)[0], -1, summed.shape[-1]))
        if layer == ACTIONS and isinstance(self._policy.head, ArgmaxHead):
            summed -= tf.reduce_mean(summed, axis=-1, keepdims=True)
        return summed

    def _step(self, layer: str, blur_px: float, whole: bool) -> Any:
        """One step of the ascent, compiled once for each layer and blur."""
        import tensorflow as tf

        def step(images: Any, units: Any, shift: Any, rate: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(images)
                summed = self._sums(layer, tf.roll(images, shift, (1, 2)))
                if not whole:
                    summed = tf.gather(summed, units, axis=2, batch_dims=1)
                felt = tf.where(summed > 0, summed**2, -((SLEEPING * summed) ** 2))
                excited = tf.reduce_sum(tf.reduce_mean(felt, axis=list(range(1, felt.shape.rank))))
            slope = _blurred(tape.gradient(excited, images), blur_px)
            size = tf.sqrt(tf.reduce_mean(slope**2, axis=(1, 2, 3), keepdims=True))
            moved = images + rate * slope / tf.maximum(size, FLAT)
            return tf.clip_by_value(moved, 0.0, 1.0)

        key = (f"{layer} {whole}", blur_px)
        if key not in self._steps:
            self._steps[key] = tf.function(step, autograph=False)
        return self._steps[key]


def _parts(policy: NetworkPolicy) -> Iterator[tuple[str, Any]]:
    """Keras models from the input to the weighted sums of each convolution, residual section and
    dense layer."""
    import keras

    kinds = {keras.layers.Conv2D: "conv", keras.Model: "section", keras.layers.Dense: "dense"}
    counts = dict.fromkeys(kinds.values(), 0)
    whole = keras_build.build(policy.network)
    numbers = [n for n, layer in enumerate(whole.layers) if isinstance(layer, tuple(kinds))]
    for number in numbers:
        # Each has separate layers, as the last one is left without its activation.
        model = keras_build.build(policy.network)
        model.set_weights(keras_build.split(policy.parameters, keras_build.shapes(model)))
        last = model.layers[number]
        if not isinstance(last, keras.Model):
            last.activation = keras.activations.linear
        kind = next(word for made, word in kinds.items() if isinstance(last, made))
        counts[kind] += 1
        name = ACTIONS if number == numbers[-1] else f"{kind}{counts[kind]}"
        shape = keras_build.keras_shape(policy.network)
        yield name, keras.Sequential([keras.Input(shape), *model.layers[: number + 1]])


def _blurred(images: Any, width_px: float) -> Any:
    """Images [B, height, width, channels] through a Gaussian of that standard deviation."""
    import tensorflow as tf

    if width_px == 0:
        return images
    reach = int(np.ceil(2 * width_px))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width_px) ** 2)
    line = np.repeat((weights / weights.sum())[:, None], int(images.shape[-1]), 1)
    for kernel in (line[:, None, :, None], line[None, :, :, None]):
        kernel = tf.constant(kernel, tf.float32)
        images = tf.nn.depthwise_conv2d(images, kernel, (1, 1, 1, 1), "SAME")
    return images
