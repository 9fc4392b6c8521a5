"""Values, targets and losses of DQN as pure functions. Shapes are asserted when they are traced.

Action values are decoupled (Seyde et al. 2022, arXiv 2210.12566): an action of D dimensions has
the value Q(s, a) = 1/D sum_d U_d(s, a_d), the mean of its dimensions' utilities (eq. 3), so its
maximum is taken per dimension. With D = 1 this is ordinary Q-learning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

Tensor = Any  # a TensorFlow tensor or a NumPy array

LEAST_UTILITY = -1e30  # of choices that a dimension lacks: finite, as 0 x infinity is not a number


def utilities(outputs: Tensor, nvec: tuple[int, ...]) -> Tensor:
    """Utilities [B, D, max(nvec)] of network `outputs` [B, sum(nvec)].

    Dimensions with fewer choices than the most are filled up with `LEAST_UTILITY`.
    """
    assert len(outputs.shape) == 2 and outputs.shape[-1] == sum(nvec)
    most = max(nvec)
    if all(n == most for n in nvec):
        return ops.reshape(outputs, (-1, len(nvec), most))
    present = np.arange(most) < np.array(nvec)[:, None]  # [D, most]
    starts = np.cumsum((0, *nvec[:-1]))
    columns = np.where(present, starts[:, None] + np.arange(most), 0)
    spread = ops.reshape(ops.take(outputs, columns.ravel(), axis=1), (-1, len(nvec), most))
    return ops.where(present, spread, LEAST_UTILITY)


def chosen_value(utilities_tm1: Tensor, actions_tm1: Tensor) -> Tensor:
    """Q(s, a) [B] of `actions_tm1` [B, D] under `utilities_tm1` [B, D, n]."""
    assert len(utilities_tm1.shape) == 3 and len(actions_tm1.shape) == 2
    chosen = actions_tm1[..., None] == np.arange(utilities_tm1.shape[-1])
    return ops.mean(ops.sum(ops.where(chosen, utilities_tm1, 0.0), axis=-1), axis=-1)


def greatest_value(utilities_t: Tensor) -> Tensor:
    """max_a Q(s, a) [B] under `utilities_t` [B, D, n] (Seyde et al. 2022, eq. 4)."""
    assert len(utilities_t.shape) == 3
    return ops.mean(ops.max(utilities_t, axis=-1), axis=-1)


def double_value(utilities_online_t: Tensor, utilities_target_t: Tensor) -> Tensor:
    """Value [B], under the target network, of the action that the online network finds best (van
    Hasselt et al. 2016, eq. 4), chosen per dimension. Both utilities: [B, D, n]."""
    return chosen_value(utilities_target_t, ops.argmax(utilities_online_t, axis=-1))


def td_error(
    values_tm1: Tensor, rewards_t: Tensor, discounts_t: Tensor, values_t: Tensor
) -> Tensor:
    """r + discount * v(s') - q(s, a), all [B]; the target carries no gradient (Mnih et al. 2015,
    eq. 2)."""
    for values in (values_tm1, rewards_t, discounts_t, values_t):
        assert len(values.shape) == 1
    return ops.stop_gradient(rewards_t + discounts_t * values_t) - values_tm1


def huber(errors: Tensor, delta: float | None) -> Tensor:
    """The loss [B] of TD `errors` [B]: squared within `delta`, linear beyond (Huber 1964).

    Its gradient is the error clipped to ±delta; delta 1 is the clipped error of Mnih et al. 2015
    (Methods). None: half the squared error throughout.
    """
    squared = 0.5 * ops.square(errors)
    if delta is None:
        return squared
    size = ops.abs(errors)
    return ops.where(size <= delta, squared, delta * (size - 0.5 * delta))
