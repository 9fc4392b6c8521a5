"""EvoTorch's algorithms as agents: the same search as without rlbench. See test_searches.py."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

pytest.importorskip("evotorch")

import torch
from evotorch import Problem, algorithms

from rlbench.agents.evotorch.search import make_search
from rlbench.agents.evotorch.settings import ALGORITHMS, ASKED_FOR, EvotorchSettings
from support.searches import bowl

CASES: list[dict[str, Any]] = [
    *({"algorithm": algorithm} for algorithm in ALGORITHMS),
    {"algorithm": "CMAES", "kwargs": {"separable": True}},
    {"algorithm": "PGPE", "optimizer": "adam"},
    {"algorithm": "SNES", "optimizer": "adam"},
]
SIGMA = 0.5


@pytest.mark.parametrize("values", CASES, ids=str)
def test_it_searches_as_evotorch_does(values: dict[str, Any]) -> None:
    """Its own loop with the same generator; where it learns at the beginning of the generation that
    follows, it makes one more."""
    settings = EvotorchSettings(population=16, sigma=SIGMA, **values)
    search = make_search(settings, np.zeros(5, np.float32), 3)
    problem = Problem(
        "max", lambda x: torch.from_numpy(bowl(x.numpy())).float(), solution_length=5,
        initial_bounds=(-1, 1), seed=3, vectorized=True,
    )  # fmt: skip
    given: dict[str, Any] = {**ASKED_FOR.get(settings.algorithm, {}), **settings.kwargs}
    if settings.algorithm == "PGPE":
        given["center_learning_rate"] = 0.05 if "optimizer" in values else 0.15
    if "optimizer" in values:
        given |= {"optimizer": "adam", "center_learning_rate": 0.05}
    own = getattr(algorithms, settings.algorithm)(
        problem, popsize=16, stdev_init=SIGMA, center_init=torch.zeros(5), **given
    )
    lags = settings.algorithm != "CMAES"
    own.run(20 + lags)
    for generation in range(20):
        search.turn(generation, bowl)
    np.testing.assert_array_equal(search.mean, own.status["center"].numpy())


def test_the_table_of_arguments_is_that_of_evotorch() -> None:
    for name, algorithm in ALGORITHMS.items():
        taken = inspect.signature(getattr(algorithms, name)).parameters
        assert set(algorithm.arguments) <= set(taken)
        assert (algorithm.optimizer is not None) == ("optimizer" in taken)
