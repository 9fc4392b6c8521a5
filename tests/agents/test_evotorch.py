"""EvoTorch's algorithms as agents: the contract, and the same search as without rlbench."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

pytest.importorskip("evotorch")

import torch
from evotorch import Problem, algorithms

from rlbench.agents.evotorch.agent import Evotorch
from rlbench.agents.evotorch.search import make_search
from rlbench.agents.evotorch.settings import ALGORITHMS, ASKED_FOR, EvotorchSettings
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.interfaces import Array, Stopped
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent, first_difference

CASES: list[dict[str, Any]] = [
    *({"algorithm": algorithm} for algorithm in ALGORITHMS),
    {"algorithm": "CMAES", "kwargs": {"separable": True}},
    {"algorithm": "PGPE", "optimizer": "adam"},
    {"algorithm": "SNES", "optimizer": "adam"},
]
SIGMA = 0.5


def bowl(population: Array) -> Array:
    """Returns [P], the greatest of which is at 1."""
    returns: Array = -np.square(population.astype(np.float64) - 1).sum(axis=1)
    return returns


def stopped(population: Array) -> Array:
    raise Stopped


def settings_of(values: dict[str, Any], population: int = 8) -> EvotorchSettings:
    return EvotorchSettings(**{"population": population, "sigma": SIGMA, **values})


@pytest.mark.parametrize("values", CASES, ids=str)
def test_an_algorithm_climbs_and_goes_on_from_its_state(values: dict[str, Any]) -> None:
    searches = [make_search(settings_of(values), np.zeros(5, np.float32), 3) for _ in range(2)]
    for generation in range(10):
        searches[0].turn(generation, bowl)
    half = searches[0].get_state()
    with pytest.raises(Stopped):
        searches[0].turn(10, stopped)
    assert first_difference(half, searches[0].get_state()) is None
    searches[1].set_state(half)
    assert first_difference(half, searches[1].get_state()) is None
    for search in searches:
        for generation in range(10, 30):
            search.turn(generation, bowl)
    assert first_difference(*(search.get_state() for search in searches)) is None
    assert bowl(searches[0].mean[None])[0] > bowl(np.zeros((1, 5)))[0]
    assert searches[0].sigma > 0


@pytest.mark.parametrize("values", CASES, ids=str)
def test_it_searches_as_evotorch_does(values: dict[str, Any]) -> None:
    """Its own loop with the same generator; where it learns at the beginning of the generation that
    follows, it makes one more."""
    settings = settings_of(values, 16)
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


def test_a_state_of_another_search_is_refused() -> None:
    small, large = (
        make_search(settings_of({"algorithm": "SNES"}), np.zeros(n, np.float32), 0) for n in (3, 5)
    )
    with pytest.raises(ValueError, match="mu is float32"):
        small.set_state(large.get_state())


def test_normalised_observations_and_few_episodes_keep_the_rules() -> None:
    given = {"algorithm": "SNES", "population": 9, "hidden": [4], "normalize_observations": True}
    given |= {"episodes_per_member": 2, "shared_episodes": True, "episode_cap": "adaptive"}
    check_agent("evotorch", "probe_envs:Counting-v0", settings=given, env_steps=300)


def test_it_learns_cartpole_and_its_policy_is_the_mean() -> None:
    resources = Resources(plan_env(EnvSettings(id="CartPole-v1")))
    settings = EvotorchSettings(algorithm="CMAES", population=32, hidden=(), sigma=0.5)
    agent = Evotorch(resources.context(0), settings)
    for _ in range(20):
        scalars = agent.advance(1)
    assert scalars["generation"] == 20 and scalars["return_train_mean"] > 300
    np.testing.assert_array_equal(agent.policy().parameters, agent._search.mean)
    resources.close()
