"""The searches of evosax and EvoTorch alike: they climb, go on from a state, and are agents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbench.agents import AGENTS
from rlbench.agents.evosax.settings import ALGORITHMS as OF_EVOSAX
from rlbench.agents.evotorch.settings import ALGORITHMS as OF_EVOTORCH
from rlbench.agents.search.agent import Search, SearchAgent
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.interfaces import Array, Stopped
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent, first_difference
from support.searches import bowl

CASES: list[tuple[str, dict[str, Any]]] = [
    *(("evosax", {"algorithm": algorithm}) for algorithm in OF_EVOSAX),
    *(("evotorch", {"algorithm": algorithm}) for algorithm in OF_EVOTORCH),
    ("evotorch", {"algorithm": "CMAES", "kwargs": {"separable": True}}),
    ("evotorch", {"algorithm": "PGPE", "optimizer": "adam"}),
    ("evotorch", {"algorithm": "SNES", "optimizer": "adam"}),
]


def kind(library: str) -> type[SearchAgent]:
    pytest.importorskip(library)
    found = AGENTS[library]
    assert issubclass(found, SearchAgent)
    return found


def search(library: str, values: dict[str, Any], size: int = 5) -> Search:
    agent = kind(library)
    settings = agent.Settings(population=8, sigma=0.5, **values)
    return agent.make_search(settings, np.zeros(size, np.float32), Seeds(3))


def stopped(population: Array) -> Array:
    raise Stopped


@pytest.mark.parametrize(("library", "values"), CASES, ids=str)
def test_an_algorithm_climbs_and_goes_on_from_its_state(
    library: str, values: dict[str, Any]
) -> None:
    one, other = (search(library, values) for _ in range(2))
    for generation in range(10):
        one.turn(generation, bowl)
    half = one.get_state()
    with pytest.raises(Stopped):
        one.turn(10, stopped)
    assert first_difference(half, one.get_state()) is None
    other.set_state(half)
    assert first_difference(half, other.get_state()) is None
    for each in (one, other):
        for generation in range(10, 30):
            each.turn(generation, bowl)
    assert first_difference(one.get_state(), other.get_state()) is None
    assert bowl(one.mean[None])[0] > bowl(np.zeros((1, 5)))[0]
    assert one.sigma > 0


@pytest.mark.parametrize("library", ["evosax", "evotorch"])
def test_a_state_of_another_search_is_refused(library: str) -> None:
    small, large = (search(library, {"algorithm": "SNES"}, size) for size in (3, 5))
    with pytest.raises(ValueError, match="is float32"):
        small.set_state(large.get_state())


@pytest.mark.parametrize("library", ["evosax", "evotorch"])
def test_normalised_observations_and_few_episodes_keep_the_rules(library: str) -> None:
    pytest.importorskip(library)
    given = {"algorithm": "SNES", "population": 9, "hidden": [4], "normalize_observations": True}
    given |= {"episodes_per_member": 2, "shared_episodes": True, "episode_cap": "adaptive"}
    check_agent(library, "probe_envs:Counting-v0", settings=given, env_steps=300)


@pytest.mark.parametrize(
    ("library", "algorithm", "population", "generations"),
    [("evosax", "CMA_ES", 16, 15), ("evotorch", "CMAES", 32, 20)],
)
def test_it_learns_cartpole_and_its_policy_is_the_mean(
    library: str, algorithm: str, population: int, generations: int
) -> None:
    agent = kind(library)
    settings = agent.Settings(algorithm=algorithm, population=population, hidden=(), sigma=0.5)
    resources = Resources(plan_env(EnvSettings(id="CartPole-v1")))
    made = agent(resources.context(0), settings)
    for _ in range(generations):
        scalars = made.advance(1)
    assert scalars["generation"] == generations and scalars["return_train_mean"] > 300
    np.testing.assert_array_equal(made.policy().parameters, made._search.mean)
    resources.close()
