"""From a population's returns to a step: ranks, the gradient estimate, Adam. Pure NumPy.

Salimans, Ho, Chen, Sidor & Sutskever (2017), "Evolution Strategies as a Scalable Alternative to
Reinforcement Learning", arXiv 1703.03864.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.interfaces import Array, State


def centred_ranks(returns: Array) -> Array:
    """Ranks of all `returns` (any shape) scaled to [-0.5, 0.5], float32 of the same shape.

    Equal returns share their average rank, so that a generation in which all are equal weighs
    nothing: the gradient estimate is zero, and only the momentum of earlier generations still
    moves the parameters. (The authors' code gives equal returns different ranks, by their place.)
    A return that is not a number ranks lowest. Rank shaping: section 2.1 of the paper, after
    Wierstra et al. 2014.
    """
    lowest_nan = np.where(np.isnan(returns), -np.inf, returns).ravel()
    # By hand: SciPy's rankdata would cost an ES run half a second of imports.
    _, place, ties = np.unique(lowest_nan, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties + 1) / 2)[place].reshape(returns.shape)  # from 0
    return (ranks / max(returns.size - 1, 1) - 0.5).astype(np.float32)


def pair_weights(returns: Array) -> Array:
    """The weight of each mirrored pair's noise, [pairs], for returns [pairs, 2] of theta + sigma
    epsilon and theta - sigma epsilon.

    The estimate is sum_i weight_i epsilon_i with weight_i = (u_i+ - u_i-) / (2 pairs), u the
    centred ranks: the paper's Algorithm 2 without its factor 1/sigma, as in the authors' code.
    Adam does not see a constant factor; weight decay is to be read against this scale.
    """
    assert returns.ndim == 2 and returns.shape[1] == 2
    ranks = centred_ranks(returns)
    return (ranks[:, 0] - ranks[:, 1]) / np.float32(returns.size)


@dataclass
class Adam:
    """Kingma & Ba 2015 (arXiv 1412.6980), Algorithm 1, ascending; state m, v [n] and t."""

    learning_rate: float
    m: Array
    v: Array
    t: int = 0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @classmethod
    def zero(cls, size: int, learning_rate: float) -> Adam:
        return cls(learning_rate, np.zeros(size, np.float32), np.zeros(size, np.float32))

    def step(self, gradient: Array) -> Array:
        """The step [n] to add to the parameters."""
        self.t += 1
        self.m = np.float32(self.beta1) * self.m + np.float32(1 - self.beta1) * gradient
        self.v = np.float32(self.beta2) * self.v + np.float32(1 - self.beta2) * gradient**2
        scale = self.learning_rate * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        return np.float32(scale) * self.m / (np.sqrt(self.v) + np.float32(self.epsilon))

    def get_state(self) -> State:
        return {"m": self.m, "v": self.v, "t": self.t}

    def set_state(self, state: State) -> None:
        self.m, self.v, self.t = state["m"], state["v"], state["t"]


@dataclass
class SGD:
    """Ascent along a running mean of gradients, as in the authors' code (optimizers.py): each new
    gradient enters with weight 1 - momentum. State: the velocity [n], which is that mean. Unlike
    Adam's, its steps scale with the gradient estimate, so the missing factor 1/sigma counts.
    """

    learning_rate: float
    velocity: Array
    momentum: float = 0.9

    @classmethod
    def zero(cls, size: int, learning_rate: float) -> SGD:
        return cls(learning_rate, np.zeros(size, np.float32))

    def step(self, gradient: Array) -> Array:
        """The step [n] to add to the parameters."""
        fresh = np.float32(1 - self.momentum) * gradient
        self.velocity = np.float32(self.momentum) * self.velocity + fresh
        return np.float32(self.learning_rate) * self.velocity

    def get_state(self) -> State:
        return {"velocity": self.velocity}

    def set_state(self, state: State) -> None:
        self.velocity = state["velocity"]


OPTIMIZERS: dict[str, type[Adam] | type[SGD]] = {"adam": Adam, "sgd": SGD}
