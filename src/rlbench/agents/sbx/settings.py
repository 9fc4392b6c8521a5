"""The settings of the agent of SBX: those of Stable-Baselines3's agent, for fewer algorithms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from rlbench.agents.sb3.settings import ACTIONS, SB3Settings
from rlbench.errors import ConfigError
from rlbench.interfaces import EnvFacts

Algorithm = Literal["PPO", "DQN", "SAC", "TD3", "TQC"]
ALGORITHMS: tuple[Algorithm, ...] = ("PPO", "DQN", "SAC", "TD3", "TQC")


class SBXSettings(SB3Settings):
    """Parameters of an algorithm of SBX; conf/agent/sbx.yaml says what each one does."""

    actions: ClassVar[Mapping[str, tuple[str, ...]]] = {name: ACTIONS[name] for name in ALGORITHMS}
    extra: ClassVar[str] = "sbx"

    algorithm: Algorithm = "PPO"

    @property
    def packages(self) -> list[str]:
        """The modules that it needs; TensorFlow Probability, which SBX imports, asks for tf_keras
        where TensorFlow is."""
        return ["torch", "stable_baselines3", "sb3_contrib", "jax", "sbx", "tf_keras"]

    def check_environment(self, env: EnvFacts) -> None:
        """Raise ConfigError where the algorithm does not suit the environment."""
        if env.pixels:
            raise ConfigError("env", env.id, "vectors with agent=sbx; agent=sb3 takes frames")
        if "param_resets" in self.chosen.kwargs:
            key = "agent.kwargs.param_resets"
            raise ConfigError(key, self.chosen.kwargs["param_resets"], "no value here")
        super().check_environment(env)
