"""What is compared with what: one agent of ours and one of a library, with the same settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlbench.agents.es.settings import ESSettings
from rlbench.agents.sb3.settings import SB3Settings, Tuned
from rlbench.config.compose import compose

# Keys of ES and of evosax's algorithms that mean the same.
SHARED = (
    "population", "sigma", "learning_rate", "optimizer", "hidden", "activation", "output_scale",
    "normalize_observations", "observation_std_floor", "episodes_per_member",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """An agent: what its runs are called, and the words of a run."""

    agent: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One comparison, of so many steps a run. peer: whose environment has what both sides need."""

    name: str
    env: str
    env_steps: int
    peer: str
    ours: Side
    theirs: Side


def dqn_case(name: str, env: str) -> Case:
    """DQN against that of Stable-Baselines3, with RL Zoo's settings and length."""
    zoo = SB3Settings(**compose(["agent=sb3:DQN", f"env={env}"]).agent.params).chosen
    assert zoo.schedule_steps is not None
    ours = our_dqn(zoo)
    # Ours learns from as soon as a batch is there, theirs from the step after `learning_starts`.
    starts = f"+agent.kwargs.learning_starts={ours['learning_starts_steps'] - 1}"
    return Case(
        name,
        env,
        zoo.schedule_steps,
        "rlbench_sb3",
        Side("dqn", ("agent=dqn", *(f"agent.{key}={_word(v)}" for key, v in ours.items()))),
        Side("sb3-DQN", ("agent=sb3:DQN", starts)),
    )


def our_dqn(zoo: Tuned) -> dict[str, Any]:
    """Settings of our DQN that are those of Stable-Baselines3's, its defaults included."""
    given: Mapping[str, Any] = zoo.kwargs
    assert zoo.schedule_steps is not None
    every, updates = given["train_freq"], given["gradient_steps"]
    decay = round(given["exploration_fraction"] * zoo.schedule_steps)
    return {
        "hidden": given["policy_kwargs"]["net_arch"],
        "activation": "relu", "layer_norm": False, "double": False, "dueling": False, "n_step": 1,
        "prioritized": False, "overlap": False, "num_lanes": zoo.num_lanes,
        "discount": given["gamma"],
        "optimizer": "adam", "learning_rate": given["learning_rate"], "optimizer_epsilon": 1e-8,
        "huber_delta": 1.0, "max_gradient_norm": 10.0,
        "batch_size": given["batch_size"], "replay_capacity_steps": given["buffer_size"],
        "learning_starts_steps": max(given["learning_starts"], given["batch_size"]),
        "train_every_steps": every, "updates_per_train": every if updates < 0 else updates,
        "target_update_steps": given["target_update_interval"],
        "epsilon_initial": 1.0, "epsilon_final": given["exploration_final_eps"],
        "epsilon_decay_starts_steps": 0, "epsilon_decay_steps": decay,
    }  # fmt: skip


def es_case(name: str, env: str, env_steps: int) -> Case:
    """ES against Open-ES of evosax, with what was tuned for ES; episodes are shared by nobody."""
    ours = ESSettings(**compose(["agent=es", f"env={env}"]).agent.params)
    both = {key: getattr(ours, key) for key in SHARED}
    words = tuple(f"agent.{key}={_word(value)}" for key, value in both.items())
    return Case(
        name,
        env,
        env_steps,
        "rlbench_evosax",
        Side("es", ("agent=es", *words, "agent.pair_shares_episodes=false")),
        Side("evosax-Open_ES", ("agent=evosax:Open_ES", *words, "agent.shared_episodes=false")),
    )


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (
        dqn_case("dqn_cartpole", "CartPole-v1"),
        dqn_case("dqn_acrobot", "Acrobot-v1"),
        dqn_case("dqn_lunarlander", "LunarLander-v3"),
        es_case("es_cartpole", "CartPole-v1", 500_000),
        es_case("es_acrobot", "Acrobot-v1", 1_000_000),
        es_case("es_lunarlander", "LunarLander-v3", 2_000_000),
    )


def _word(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
