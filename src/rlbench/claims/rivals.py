"""The agents that may stand for reinforcement learning in a claim, and the settings they must have.

Documented in docs/claims.md; a change here is a change there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SB3 = "rlbench.agents.sb3.agent.SB3"
_MISSING = "missing"


@dataclass(frozen=True)
class Rival:
    """One that may stand for it.

    agent: what its runs are called. name, described: in a sentence, short and in full. target: its
    class. algorithm: which one of a library's, with the settings of `stated`; "" for one of
    rlbench's own, whose settings are those of the package.
    """

    agent: str
    name: str
    described: str
    target: str
    algorithm: str = ""


DQN = Rival("dqn", "DQN", "this package's DQN", "rlbench.agents.dqn.agent.DQN")
# The ES paper compares with A3C on Atari, and with TRPO on MuJoCo.
A2C = Rival(
    "sb3-A2C", "A2C", "A2C of Stable-Baselines3 with the network and settings of A3C", _SB3, "A2C"
)
TRPO = Rival("sb3-TRPO", "TRPO", "TRPO of sb3-contrib with the settings of RL Zoo", _SB3, "TRPO")
RIVALS: Mapping[str, Rival] = {rival.agent: rival for rival in (A2C, TRPO, DQN)}

# The agent in config.yaml where nothing was given by hand; what is tuned where a file is silent.
_UNTOUCHED: Mapping[str, Any] = {
    "kwargs": {}, "schedule_steps": None, "policy": "auto", "network": "auto", "num_lanes": "auto",
    "normalize_observations": "auto", "normalize_rewards": "auto", "clip_rewards": "auto",
    "life_loss_ends_episode": "auto",
}  # fmt: skip
_SILENT: Mapping[str, Any] = {
    "policy": "auto", "network": "nature", "normalize_observations": False,
    "normalize_rewards": False, "clip_rewards": False, "life_loss_ends_episode": False,
}  # fmt: skip
# conf/experiment_agent/a3c_atari/sb3.yaml
_A3C: Mapping[str, Any] = {
    "network": "a3c",
    "num_lanes": 16,
    "schedule_steps": 80_000_000,
    "clip_rewards": True,
    "life_loss_ends_episode": True,
    "kwargs": {
        "n_steps": 5, "gamma": 0.99, "gae_lambda": 1.0, "learning_rate": "lin_7e-4",
        "ent_coef": 0.01, "vf_coef": 0.5, "max_grad_norm": 0.5,
        "policy_kwargs": {
            "ortho_init": False,
            "optimizer_class": "RMSpropTFLike",
            "optimizer_kwargs": {"alpha": 0.99, "eps": 1e-5},
        },
    },
}  # fmt: skip
# conf/tuned/sb3/, on every robotics task.
_ZOO_TRPO: Mapping[str, Any] = {
    "num_lanes": 2,
    "normalize_observations": True,
    "normalize_rewards": True,
    "kwargs": {
        "batch_size": 128, "n_steps": 1024, "gamma": 0.99, "gae_lambda": 0.95,
        "sub_sampling_factor": 1, "cg_max_steps": 25, "cg_damping": 0.1, "n_critic_updates": 20,
        "learning_rate": 0.001,
    },
}  # fmt: skip
# TRPO follows no schedule, so its length plays no part.
_NO_PART: Mapping[str, set[str]] = {TRPO.agent: {"schedule_steps", "tuned.TRPO.schedule_steps"}}
# Where RL Zoo has other arguments.
_OWN: Mapping[str, dict[str, Any]] = {
    "HalfCheetah-v5": {"target_kl": 0.04}, "Swimmer-v5": {"gamma": 0.9999},
}  # fmt: skip


def other_settings(
    rival: Rival, env: str, agent: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """In what the agent of a run's config.yaml is not as it must be: key, value, what it must be.
    A stranger's file: it may hold anything."""
    if not rival.algorithm:
        return
    tuned = agent.get("tuned")
    own = tuned.get(rival.algorithm) if isinstance(tuned, Mapping) else None
    asked = {key: value for key, value in agent.items() if key not in ("name", "_target_")}
    found = _flat(asked | {"tuned": {rival.algorithm: own if isinstance(own, Mapping) else {}}})
    stated = _flat(_stated(rival, env))
    for key in sorted({*stated, *found} - _NO_PART.get(rival.agent, set())):
        expected, value = stated.get(key, _MISSING), found.get(key, _MISSING)
        if value != expected or isinstance(value, bool) != isinstance(expected, bool):
            yield f"agent.{key}", value, expected


def _stated(rival: Rival, env: str) -> dict[str, Any]:
    """The agent of config.yaml, without its name and class, and of what is tuned the algorithm's
    part."""
    if rival is A2C:
        tuned = _A3C
    else:
        tuned = {**_ZOO_TRPO, "kwargs": _ZOO_TRPO["kwargs"] | _OWN.get(env, {})}
    chosen = {"algorithm": rival.algorithm, "threads": "auto" if rival is A2C else 1}
    return {**_UNTOUCHED, **chosen, "tuned": {rival.algorithm: {**_SILENT, **tuned}}}


def _flat(values: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; an empty one stays."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{before}{key}"
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{path}.")
        else:
            flat[path] = value
    return flat
