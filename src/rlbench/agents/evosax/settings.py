"""The settings of the agent of evosax. None of this imports JAX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rlbench.agents.search.settings import Algorithm, SearchSettings
from rlbench.errors import ConfigError
from rlbench.interfaces import EnvFacts

ELITES = "elite_ratio"
SHAPING = "fitness_shaping_fn"
_STD = ("c_mean", "c_std", "d_std", "std_max", "std_min")
_CMA = ("c_1", "c_c", "c_mu", *_STD)
ALGORITHMS: Mapping[str, Algorithm] = {
    "ARS": Algorithm((ELITES, SHAPING), "adam", in_pairs=True),
    "CMA_ES": Algorithm(_CMA, matrices=6),
    "CR_FM_NES": Algorithm(
        ("c1", "c_c", "c_std", "lr_B", "lr_conv_std", "lr_mean", "lr_move_std", "lr_stag_std"),
        in_pairs=True,
    ),
    "LM_MA_ES": Algorithm(_STD),
    "MA_ES": Algorithm(("c_1", "c_mu", *_STD), matrices=6, member_matrices=True),
    "Open_ES": Algorithm((SHAPING, "use_antithetic_sampling"), "adam", in_pairs=True),
    "PGPE": Algorithm((SHAPING, "std_lr", "std_max_change"), "clipup", in_pairs=True),
    "Rm_ES": Algorithm(("T", "c_1", "c_c", "c_std", "d_std", "m", "q_star", "std_max", "std_min")),
    "SNES": Algorithm(("lr_std_init",), "sgd"),
    "Sep_CMA_ES": Algorithm(_CMA),
    "SimpleES": Algorithm((ELITES, "c_std"), "sgd"),
    "xNES": Algorithm(("lr_B", "lr_std_init"), "sgd", matrices=6, member_matrices=True),
}


class EvosaxSettings(SearchSettings):
    """Parameters of an algorithm of evosax; conf/agent/evosax.yaml says what each one does."""

    packages: ClassVar[tuple[str, ...]] = ("jax", "optax", "evosax")
    extra: ClassVar[str] = "evosax"
    algorithms: ClassVar[Mapping[str, Algorithm]] = ALGORITHMS
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        SHAPING: ("centered_rank", "identity", "normalize", "standardize")
    }
    switches: ClassVar[tuple[str, ...]] = ("use_antithetic_sampling",)

    algorithm: str = "CMA_ES"

    def check_size(self, env: EnvFacts) -> None:
        """Raise ConfigError where the algorithm does not suit the number of parameters."""
        most = 2 * self.network_for(env).size
        if self.algorithm == "LM_MA_ES" and self.population > most:
            takes = (
                f"at most {most} with agent.algorithm=LM_MA_ES, twice as many as the parameters: "
                "beyond that evosax's paths are not finite"
            )
            raise ConfigError("agent.population", self.population, takes)
