"""Observations as training sees them, and policies of every network and head."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import rlbench
from rlbench.envs.make import plan_env
from rlbench.interfaces import ActionSpec, Array
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import ArgmaxHead, RangeHead, argmax_head, native_head
from rlbench.nets.mlp import MLP
from rlbench.nets.padded import PaddedConvNet
from rlbench.nets.policy import NetworkPolicy
from rlbench.nets.residual import ResidualNet
from rlbench.settings import EnvSettings

LANES = 8
NATURE = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
IMPALA = ((16, 1), (32, 1), (32, 1))


@cache
def observations(env: str, count: int) -> Array:
    """So many observations of random play.  # [count, *obs]"""
    plan = plan_env(EnvSettings(id=env))
    lanes, rng, found = plan.lanes(LANES), np.random.default_rng(0), []
    every = np.arange(LANES)
    obs = lanes.reset(every, every)
    for _ in range(-(-count // LANES)):
        found.append(obs.copy())
        obs, _, terminated, truncated = lanes.step(every, _random(plan.facts.action, rng))
        ended = every[terminated | truncated]
        if len(ended):
            obs[ended] = lanes.reset(ended, rng.integers(2**31, size=len(ended)))
    lanes.close()
    return np.concatenate(found)[:count]


def _random(action: ActionSpec, rng: np.random.Generator) -> Array:
    if action.kind == "box":
        low, high = np.array(action.low), np.array(action.high)
        return rng.uniform(low, high, (LANES, action.dimensions)).astype(np.float32)
    return rng.integers(action.nvec[0], size=LANES)


def _drawn(network: Any, head: Any, env: str | None = None, seed: int = 0) -> NetworkPolicy:
    """A policy of random parameters, as large as trained ones; with an env, of normalised
    observations."""
    rng = np.random.default_rng(seed)
    parameters = network.initial(rng) + rng.normal(0, 0.05, network.size).astype(np.float32)
    if env is None:
        return NetworkPolicy(network, head, parameters)
    seen = observations(env, 10_000)
    return NetworkPolicy(network, head, parameters, seen.mean(0), seen.std(0))


def _trained(agent: str, env: str, steps: int, **settings: Any) -> NetworkPolicy:
    settings = {f"agent.{key}": value for key, value in settings.items()}
    with rlbench.make_agent(agent, env, cores=1, **settings) as made:
        made.advance(steps)
        policy = made.policy()
    assert isinstance(policy, NetworkPolicy)
    return policy


def _two_boxes() -> NetworkPolicy:
    """A box of which one dimension is bounded, one on one side, and one not at all."""
    spec = ActionSpec("box", (), (-2.0, 0.0, -np.inf), (3.0, np.inf, np.inf))
    return _drawn(MLP(24, (16,), 3, "elu"), native_head(spec))


def _in_range(tanh: bool, limit: float | None) -> NetworkPolicy:
    """As the policies of Stable-Baselines3: observations are clipped further out."""
    head = RangeHead((-1.0, 0.0), (0.2, 3.0), tanh, limit)
    made = _drawn(MLP(24, (16,), 2, "relu"), head, WALKER)
    parts = made.parameters, made.obs_mean, made.obs_std
    return NetworkPolicy(made.network, head, *parts, obs_clip=2.0)


def _convolutional(convs: tuple[tuple[int, int, int], ...], units: int) -> NetworkPolicy:
    head = ArgmaxHead((6,), single=True)
    return _drawn(ConvNet((4, 84, 84), convs, (units,), 6), head)


def _padded(convs: tuple[tuple[int, int, int], ...], units: int) -> NetworkPolicy:
    head = ArgmaxHead((6,), single=True)
    return _drawn(PaddedConvNet((4, 84, 84), convs, (units,), 6), head)


def _residual() -> NetworkPolicy:
    return _drawn(ResidualNet((4, 84, 84), IMPALA, (256,), 6), ArgmaxHead((6,), single=True))


CARTPOLE, PENDULUM, WALKER, PONG = "CartPole-v1", "Pendulum-v1", "BipedalWalker-v3", "ALE/Pong-v5"
TORQUE = ActionSpec("box", (), (-2.0,), (2.0,))
JOINTS = ActionSpec("box", (), (-1.0,) * 4, (1.0,) * 4)
SMALL = {"learning_starts_steps": 128, "compile": False, "hidden": [32, 32]}
KINDS: dict[str, tuple[str, Callable[[], NetworkPolicy]]] = {
    "linear": (CARTPOLE, lambda: _drawn(MLP(4, (), 2), ArgmaxHead((2,), single=True))),
    "box": (PENDULUM, lambda: _drawn(MLP(3, (16,), 1), native_head(TORQUE), PENDULUM)),
    "boxes": (WALKER, _two_boxes),
    "range": (WALKER, lambda: _in_range(tanh=False, limit=None)),
    "squashed": (WALKER, lambda: _in_range(tanh=True, limit=0.5)),
    "uneven": (WALKER, lambda: _drawn(MLP(24, (16, 16), 9, "relu"), ArgmaxHead((2, 4, 3)), WALKER)),
    "walker bins": (
        WALKER,
        lambda: _drawn(MLP(24, (16,), 12, "tanh", layer_norm=True), argmax_head(JOINTS, 3)),
    ),
    "es mlp": (CARTPOLE, lambda: _trained("es", CARTPOLE, 3000, population=16)),
    "es normalised": (
        PENDULUM,
        lambda: _trained("es", PENDULUM, 3000, population=8, normalize_observations=True),
    ),
    "es bins": (PENDULUM, lambda: _trained("es", PENDULUM, 3000, population=8, bins=5)),
    "es paper": (PONG, lambda: _trained("es", PONG, 0, population=2, reference_frames=16)),
    "dqn dueling": (CARTPOLE, lambda: _trained("dqn", CARTPOLE, 600, dueling=True, **SMALL)),
    "dqn layer_norm": (CARTPOLE, lambda: _trained("dqn", CARTPOLE, 600, layer_norm=True, **SMALL)),
    "dqn decoupled": (WALKER, lambda: _trained("dqn", WALKER, 300, **SMALL)),
    "nature": (PONG, lambda: _convolutional(NATURE, 512)),
    "dopamine": (PONG, lambda: _padded(NATURE, 512)),
    "padded steps": (PONG, lambda: _padded(((8, 2, 5), (8, 3, 2)), 16)),  # wider than the kernel
    "impala-small": (PONG, _residual),
    "dueling nature": (PONG, lambda: _convolutional(NATURE, 1024)),
}


@cache
def policy_of(kind: str) -> tuple[NetworkPolicy, str]:
    """A policy of a kind, which tests share, and the environment whose observations it takes."""
    env, make = KINDS[kind]
    return make(), env


VECTORS = (
    "es mlp", "es normalised", "es bins", "linear", "box", "boxes", "range", "squashed", "uneven",
    "walker bins",
)  # fmt: skip
WITH_TENSORFLOW = ("dqn dueling", "dqn layer_norm", "dqn decoupled")
FRAMES = ("es paper", "nature", "dueling nature", "dopamine", "padded steps", "impala-small")
CONTINUOUS = ("box", "boxes", "range", "squashed", "es normalised")
