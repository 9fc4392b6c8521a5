"""One step of an optimiser as a pure function of parameters, gradient and two slots."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any  # a TensorFlow tensor or a NumPy array

ADAM_BETA1, ADAM_BETA2 = 0.9, 0.999  # Kingma & Ba 2015
RMSPROP_DECAY = 0.95  # Mnih et al. 2015, extended data table 1: gradient and squared gradient


def adam(
    parameters: Tensor,
    gradient: Tensor,
    slots: tuple[Tensor, Tensor],
    count: Tensor,
    learning_rate: float,
    epsilon: float,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Adam (Kingma & Ba 2015, algorithm 1); count: this update's number, from 1, float32."""
    mean = slots[0] + (1 - ADAM_BETA1) * (gradient - slots[0])
    square = slots[1] + (1 - ADAM_BETA2) * (ops.square(gradient) - slots[1])
    # Both bias corrections are numbers, not arrays: it saves a tenth of a small network's update.
    step_size = learning_rate / (1 - ADAM_BETA1**count)
    correction = 1 / ops.sqrt(1 - ADAM_BETA2**count)
    step = step_size * mean / (ops.sqrt(square) * correction + epsilon)
    return parameters - step, (mean, square)


def rmsprop(
    parameters: Tensor,
    gradient: Tensor,
    slots: tuple[Tensor, Tensor],
    count: Tensor,
    learning_rate: float,
    epsilon: float,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Centred RMSProp (Graves 2013, eq. 38-40), the optimiser of Mnih et al. 2015; count is not
    used. The paper's epsilon, 0.01, goes with a gradient summed over the 32 transitions of a
    minibatch. The same steps on their mean take 0.01 / 32^2."""
    mean = slots[0] + (1 - RMSPROP_DECAY) * (gradient - slots[0])
    square = slots[1] + (1 - RMSPROP_DECAY) * (ops.square(gradient) - slots[1])
    variance = ops.maximum(square - ops.square(mean), 0.0)  # rounding may leave it below 0
    return parameters - learning_rate * gradient / ops.sqrt(variance + epsilon), (mean, square)


OPTIMIZERS = {"adam": adam, "rmsprop": rmsprop}
