"""The settings of the agent of EvoTorch. None of this imports PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rlbench.agents.search.settings import Algorithm, SearchSettings

RANKING = "ranking_method"
SEPARABLE = "separable"
_STDEV = ("stdev_max", "stdev_max_change", "stdev_min")
_SCALED = (RANKING, "scale_learning_rate", "stdev_learning_rate")
ALGORITHMS: Mapping[str, Algorithm] = {
    "CEM": Algorithm(("parenthood_ratio", *_STDEV)),
    "CMAES": Algorithm(
        (
            "active", "c_1", "c_1_ratio", "c_c", "c_c_ratio", "c_m", "c_mu", "c_mu_ratio",
            "c_sigma", "c_sigma_ratio", "csa_squared", "damp_sigma", "damp_sigma_ratio",
            "limit_C_decomposition", SEPARABLE, "stdev_max", "stdev_min",
        ),
        matrices=6,
        member_matrices=True,
    ),
    "PGPE": Algorithm((RANKING, "stdev_learning_rate", *_STDEV), "clipup", in_pairs=True),
    "SNES": Algorithm((*_SCALED, *_STDEV), "sgd"),
    "XNES": Algorithm(_SCALED, "sgd", matrices=6, member_matrices=True),
}  # fmt: skip
# Arguments that EvoTorch asks for, where none is given.
ASKED_FOR: Mapping[str, Mapping[str, float]] = {
    "CEM": {"parenthood_ratio": 0.5},
    "PGPE": {"stdev_learning_rate": 0.1},
}


class EvotorchSettings(SearchSettings):
    """Parameters of an algorithm of EvoTorch; conf/agent/evotorch.yaml says what each one does."""

    packages: ClassVar[tuple[str, ...]] = ("torch", "evotorch")
    extra: ClassVar[str] = "evotorch"
    algorithms: ClassVar[Mapping[str, Algorithm]] = ALGORITHMS
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        RANKING: ("centered", "linear", "nes", "normalized", "raw")
    }
    switches: ClassVar[tuple[str, ...]] = (
        "active", "csa_squared", "limit_C_decomposition", "scale_learning_rate", SEPARABLE,
    )  # fmt: skip

    algorithm: str = "CMAES"

    @property
    def matrices(self) -> int:
        return 0 if self.kwargs.get(SEPARABLE) else super().matrices
