"""evosax's algorithms as agents: the contract, and the same search as without rlbench."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("evosax")

import jax
import jax.numpy as jnp
import optax
from evosax import algorithms

from rlbench.agents.evosax.agent import Evosax
from rlbench.agents.evosax.search import EvosaxSearch
from rlbench.agents.evosax.settings import ALGORITHMS, EvosaxSettings
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.interfaces import Array
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent, first_difference

SIGMA = 0.5


def bowl(population: Array) -> Array:
    """Returns [P], the greatest of which is at 1."""
    returns: Array = -np.square(population.astype(np.float64) - 1).sum(axis=1)
    return returns


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_climbs_and_goes_on_from_its_state(algorithm: str) -> None:
    settings = EvosaxSettings(algorithm=algorithm, population=8, sigma=SIGMA)
    search = EvosaxSearch(settings, np.zeros(5, np.float32), seed=3)
    for generation in range(10):
        search.turn(generation, bowl)
    half = search.get_state()
    assert all(isinstance(part, np.ndarray) for part in half.values())
    for generation in range(10, 30):
        search.turn(generation, bowl)
    whole = search.get_state()
    assert bowl(search.mean[None])[0] > bowl(np.zeros((1, 5)))[0]
    assert search.sigma > 0
    search.set_state({name: part.copy() for name, part in half.items()})
    assert first_difference(half, search.get_state()) is None
    for generation in range(10, 30):
        search.turn(generation, bowl)
    assert first_difference(whole, search.get_state()) is None


def by_hand(algorithm: str, start: Any) -> tuple[Any, Any]:
    """evosax's own object and parameters, as its documentation makes them."""
    if algorithm == "Open_ES":
        own: Any = algorithms.Open_ES(
            16, start, optimizer=optax.adam(0.1), std_schedule=optax.constant_schedule(SIGMA)
        )
        return own, own.default_params
    own = getattr(algorithms, algorithm)(16, start)
    return own, own.default_params.replace(std_init=jnp.asarray(SIGMA))


@pytest.mark.parametrize("algorithm", ["CMA_ES", "Open_ES", "SNES"])
def test_it_searches_as_evosax_does(algorithm: str) -> None:
    """Asked and told in turn with the same keys and the costs that evosax minimises."""
    given = {"learning_rate": 0.1} if algorithm == "Open_ES" else {}
    settings = EvosaxSettings(algorithm=algorithm, population=16, sigma=SIGMA, **given)
    start, key = np.zeros(5, np.float32), jax.random.key(3)
    search = EvosaxSearch(settings, start, seed=3)
    own, params = by_hand(algorithm, jnp.asarray(start))
    state = own.init(jax.random.fold_in(key, 0), jnp.asarray(start), params)
    for generation in range(20):
        ask, tell = (jax.random.fold_in(jax.random.fold_in(key, generation + 1), n) for n in (0, 1))
        population, state = own.ask(ask, state, params)
        cost = jnp.asarray(-bowl(np.asarray(population)), jnp.float32)
        state, _ = own.tell(tell, population, cost, state, params)
        search.turn(generation, bowl)
        np.testing.assert_array_equal(search.mean, own.get_mean(state))


def test_arguments_reach_evosax() -> None:
    given = {"std_lr": 0.25, "fitness_shaping_fn": "standardize"}
    settings = EvosaxSettings(algorithm="PGPE", population=8, kwargs=given)
    search = EvosaxSearch(settings, np.zeros(3, np.float32), seed=0)
    assert float(search._params.std_lr) == 0.25
    assert search._algorithm.fitness_shaping_fn.__name__ == "standardize_fitness_shaping_fn"
    few = EvosaxSettings(algorithm="ARS", population=8, kwargs={"elite_ratio": 0.25})
    assert EvosaxSearch(few, np.zeros(3, np.float32), seed=0)._algorithm.num_elites == 1
    for name, algorithm in ALGORITHMS.items():
        kind = getattr(algorithms, name)
        taken = inspect.signature(kind).parameters
        known = {*vars(kind(8, jnp.zeros(5)).default_params), *taken, "elite_ratio"}
        assert set(algorithm.arguments) <= known
        assert (algorithm.optimizer is not None) == ("optimizer" in taken)


def test_a_state_of_another_search_is_refused() -> None:
    small, large = (
        EvosaxSearch(EvosaxSettings(algorithm="SNES", population=4), np.zeros(n, np.float32), 0)
        for n in (3, 5)
    )
    with pytest.raises(ValueError, match="is float32"):
        small.set_state(large.get_state())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_jax_has_one_thread() -> None:
    """In a separate process, as JAX is asked when it begins, and evosax begins it."""
    program = """
from pathlib import Path
import numpy as np
from rlbench.agents.evosax.agent import Evosax
from rlbench.agents.evosax.settings import EvosaxSettings
from rlbench.seeding import Seeds
Evosax.make_search(EvosaxSettings(algorithm="ARS"), np.zeros(3, np.float32), Seeds(0))
names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
print(names.count("tf_XLAEigen"))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_normalised_observations_and_few_episodes_keep_the_rules() -> None:
    given = {"algorithm": "SNES", "population": 9, "hidden": [4], "normalize_observations": True}
    given |= {"episodes_per_member": 2, "shared_episodes": True, "episode_cap": "adaptive"}
    check_agent("evosax", "probe_envs:Counting-v0", settings=given, env_steps=300)


def test_it_learns_cartpole_and_its_policy_is_the_mean() -> None:
    resources = Resources(plan_env(EnvSettings(id="CartPole-v1")))
    settings = EvosaxSettings(algorithm="CMA_ES", population=16, hidden=(), sigma=0.5)
    agent = Evosax(resources.context(0), settings)
    for _ in range(15):
        scalars = agent.advance(1)
    assert scalars["generation"] == 15 and scalars["return_train_mean"] > 300
    np.testing.assert_array_equal(agent.policy().parameters, agent._search.mean)
    resources.close()
