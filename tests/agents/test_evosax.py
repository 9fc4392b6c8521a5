"""evosax's algorithms as agents: the same search as without rlbench. See test_searches.py."""

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

from rlbench.agents.evosax.search import EvosaxSearch
from rlbench.agents.evosax.settings import ALGORITHMS, EvosaxSettings
from rlbench.errors import ConfigError
from support.searches import bowl

SIGMA = 0.5


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


def test_cma_es_of_evosax_is_lost_where_all_returns_are_alike() -> None:
    start, key = jnp.zeros(5), jax.random.key(0)
    own, params = by_hand("CMA_ES", start)
    state = own.init(key, start, params)
    deviations = []
    while np.isfinite(own.get_mean(state)).all() and len(deviations) < 2000:
        ask, tell = (jax.random.fold_in(key, 2 * len(deviations) + n) for n in (0, 1))
        deviations.append(float(state.std))
        population, state = own.ask(ask, state, params)
        state, _ = own.tell(tell, population, jnp.zeros(16), state, params)
    assert deviations[0] == SIGMA and deviations[-1] < 1e-30 and len(deviations) < 2000


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


def test_a_number_that_is_too_large_is_named() -> None:
    settings = EvosaxSettings(algorithm="Rm_ES", population=8, kwargs={"T": 10**20})
    with pytest.raises(ConfigError) as caught:
        EvosaxSearch(settings, np.zeros(3, np.float32), seed=0)
    said = "agent.kwargs.T: got 100000000000000000000; takes a number that int32 holds"
    assert str(caught.value) == said


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
