"""One search of evosax: asked for members, told of their returns, and its state as arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from evosax import algorithms
from evosax.core import fitness_shaping
from evosax.core.optimizer import clipup

from rlbench.agents.evosax.settings import ELITES, SHAPING, EvosaxSettings
from rlbench.agents.search.agent import Evaluate
from rlbench.errors import ConfigError
from rlbench.interfaces import Array, State

OPTIMIZERS: Mapping[str, Callable[[float], Any]] = {
    "adam": optax.adam,
    # The greatest step is twice the step size, as the authors of ClipUp advise.
    "clipup": lambda step: clipup(step, max_velocity=2 * step),
    "sgd": optax.sgd,
}
OF_CLASS = (SHAPING, "m", "use_antithetic_sampling")  # the other arguments are parameters
SCHEDULED = ("ARS", "Open_ES")  # whose deviation is a schedule


class EvosaxSearch:
    """An algorithm of evosax around one parameter vector.

    Every number that is drawn is a function of the seed and the generation. Between two generations
    the state is NumPy's arrays: JAX then compiles the same programs for a state that was saved.
    """

    def __init__(self, settings: EvosaxSettings, start: Array, seed: int) -> None:
        self._key = jax.random.key(seed)
        self._algorithm = _algorithm(settings.model_dump_json(), len(start))
        self._params = _parameters(settings, self._algorithm.default_params)
        key = jax.random.fold_in(self._key, 0)
        self._state = _as_numpy(self._algorithm.init(key, start, self._params))
        # Compile now, in the start-up's time, as DQN does. evosax is pure: nothing is learned.
        self._next_state(0, lambda population: np.zeros(len(population)))

    def turn(self, generation: int, evaluate: Evaluate) -> None:
        self._state = self._next_state(generation, evaluate)

    def _next_state(self, generation: int, evaluate: Evaluate) -> Any:
        asking, telling = (
            jax.random.fold_in(jax.random.fold_in(self._key, generation + 1), part)
            for part in range(2)
        )
        population, asked = self._algorithm.ask(asking, self._state, self._params)
        returns = evaluate(np.asarray(population))
        cost = np.asarray(-returns, np.float32)  # evosax minimises
        told, _ = self._algorithm.tell(telling, population, cost, asked, self._params)
        return _as_numpy(told)

    @property
    def mean(self) -> Array:
        mean: Array = self._state.mean
        return mean

    @property
    def sigma(self) -> float:
        return float(np.mean(self._state.std))

    def get_state(self) -> State:
        """The leaves of evosax's state by their places, as `.mean` and `.opt_state[0].mu`."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self._state)
        return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}

    def set_state(self, state: State) -> None:
        leaves, tree = jax.tree_util.tree_flatten_with_path(self._state)
        found = [_alike(jax.tree_util.keystr(path), leaf, state) for path, leaf in leaves]
        self._state = jax.tree_util.tree_unflatten(tree, found)


@functools.lru_cache(maxsize=4)
def _algorithm(settings_json: str, size: int) -> Any:
    """evosax's object for `size` parameters. It holds no state but what JAX has compiled for it, so
    that searches of the same settings share it."""
    settings = EvosaxSettings.model_validate_json(settings_json)
    given: dict[str, Any] = {
        name: value for name, value in settings.kwargs.items() if name in OF_CLASS
    }
    if SHAPING in given:
        given[SHAPING] = getattr(fitness_shaping, f"{given[SHAPING]}_fitness_shaping_fn")
    if settings.chosen_optimizer is not None:
        name, step = settings.chosen_optimizer
        given["optimizer"] = OPTIMIZERS[name](step)
    if settings.algorithm in SCHEDULED:
        given["std_schedule"] = optax.constant_schedule(settings.sigma)
    made = getattr(algorithms, settings.algorithm)(settings.population, jnp.zeros(size), **given)
    if ELITES in settings.kwargs:
        made.elite_ratio = float(settings.kwargs[ELITES])
    return made


def _parameters(settings: EvosaxSettings, defaults: Any) -> Any:
    """evosax's parameters with those that were given; their types stay."""
    given: dict[str, Any] = {
        name: value for name, value in settings.kwargs.items() if name not in (*OF_CLASS, ELITES)
    }
    if settings.algorithm not in SCHEDULED:
        given["std_init"] = settings.sigma
    for name, value in given.items():
        of_type = jnp.asarray(getattr(defaults, name)).dtype
        if np.issubdtype(of_type, np.integer) and not isinstance(value, int):
            raise ConfigError(f"agent.kwargs.{name}", value, "a whole number")
        try:
            given[name] = jnp.asarray(value, of_type)
        except OverflowError:
            takes = f"a number that {of_type} holds"
            raise ConfigError(f"agent.kwargs.{name}", value, takes) from None
    return defaults.replace(**given)


def _as_numpy(tree: Any) -> Any:
    return jax.tree_util.tree_map(np.asarray, tree)


def _alike(name: str, leaf: Array, state: State) -> Array:
    """A copy of the part of a saved state that stands for `leaf`; a file may hold anything."""
    found = np.array(state[name])
    if (found.shape, found.dtype) != (leaf.shape, leaf.dtype):
        raise ValueError(f"{name} is {found.dtype} {found.shape}, not {leaf.dtype} {leaf.shape}")
    return found
