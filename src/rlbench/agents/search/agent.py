"""A search of a library as an agent: it asks for returns, the executor's workers play."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np

from rlbench.agents.es.episode_cap import EpisodeCap
from rlbench.agents.es.rollout import TaskResult
from rlbench.agents.es.statistics import ObservationStatistics
from rlbench.agents.search.play import Play, build_lanes, play_members, shares
from rlbench.agents.search.settings import SearchSettings
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State, Stopped
from rlbench.nets.policy import NetworkPolicy
from rlbench.seeding import Seeds

FLOAT_BYTES = 4
COPIES = 6  # of a population's vectors, in the library, in messages and with workers

# Returns [P] of a population [P, n]; raises Stopped where time ran out.
Evaluate = Callable[[Array], Array]


class Search(Protocol):
    """One algorithm of a library around one parameter vector [n]. It maximises returns."""

    def turn(self, generation: int, evaluate: Evaluate) -> None:
        """Propose a population, have it evaluated, and learn. Where `evaluate` raises Stopped, all
        is as it was before."""
        ...

    @property
    def mean(self) -> Array:
        """The mean [n] of the distribution that the next population is drawn from."""
        ...

    @property
    def sigma(self) -> float:
        """The mean of the parameters' standard deviations, as far as the algorithm has them."""
        ...

    def get_state(self) -> State: ...

    def set_state(self, state: State) -> None:
        """Raises ValueError or KeyError where the state is of another search."""
        ...


class SearchAgent(Agent, abc.ABC):
    """The mean of the members' distribution is the policy, as the unperturbed parameters are with
    ES. A generation that `should_stop` cuts short is thrown away, and played again when the run
    goes on.

    library: what the settings need, as people call it.
    """

    Settings = SearchSettings
    uses_executor: ClassVar[bool] = True
    library: ClassVar[str]

    def __init__(self, context: Context, settings: SearchSettings) -> None:
        settings.check_installed()
        self._context, self._settings = context, settings
        env = context.env
        self._head, self._network = settings.head_for(env), settings.network_for(env)
        rng = context.seeds.child("parameters").generator()
        start = self._network.initial(rng, settings.output_scale)
        self._executor = context.make_executor()
        context.starting(f"importing {self.library}")
        try:
            self._search = self.make_search(settings, start, context.seeds.child("search"))
        except (TypeError, ValueError, AssertionError) as error:
            if not settings.kwargs:
                raise
            takes = f"values that {settings.extra} takes ({error})"
            raise ConfigError("agent.kwargs", settings.kwargs, takes) from error
        self._sigma = self._search.sigma  # after the last whole generation
        self._statistics = (
            ObservationStatistics.empty(env.observation_size, settings.observation_std_floor)
            if settings.normalize_observations
            else None
        )
        self._cap = EpisodeCap(settings.episode_cap, env)
        self._generation = 0
        # Games take a tenth of a second each to build, and that is startup, not training.
        for _ in self._executor.map(build_lanes, range(self._executor.workers), self._play()):
            pass

    @staticmethod
    @abc.abstractmethod
    def make_search(settings: SearchSettings, start: Array, seeds: Seeds) -> Search:
        """The search of the settings from `start` [n]; this imports the library."""

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: SearchSettings, *, workers: int) -> float:
        """The population, the distribution and the workers' lanes, in MiB."""
        settings.check_installed()
        size = settings.network_for(env).size
        vectors = COPIES * (settings.population + 1) + settings.matrices * size
        _, slots = shares(env, settings.population, settings.episodes_per_member, workers)
        lanes = workers * slots * settings.episodes_per_member
        return (FLOAT_BYTES * vectors * size + lanes * env.lane_bytes) / 2**20

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`."""
        done, saving = 0, self._context.saving
        scalars: Scalars = {"generation": self._generation}
        while done < env_steps and not self._context.should_stop():
            if saving.due():
                saving.save()
            before = saving.mark()
            try:
                results = self._play_generation()
            except Stopped:
                saving.discard(before)
                break
            done += sum(result.env_steps for result in results)
            scalars = self._end_generation(results)
        return scalars

    def policy(self) -> NetworkPolicy:
        mean, std = self._mean_std()
        return NetworkPolicy(self._network, self._head, self._search.mean, mean, std)

    def get_state(self) -> State:
        return {
            "generation": self._generation,
            "search": self._search.get_state(),
            "episode_cap": self._cap.steps,
            "statistics": None if self._statistics is None else self._statistics.get_state(),
        }

    def set_state(self, state: State) -> None:
        self._generation, self._cap.steps = state["generation"], state["episode_cap"]
        self._search.set_state(state["search"])
        self._sigma = self._search.sigma
        if state["statistics"] is not None:
            floor = self._settings.observation_std_floor
            self._statistics = ObservationStatistics(**state["statistics"], std_floor=floor)

    def _play_generation(self) -> list[TaskResult]:
        """The results of a generation's members in order, from which the search has learned.
        Raises Stopped where time ran out."""
        play, results = self._play(), list[TaskResult]()

        def evaluate(population: Array) -> Array:
            tasks = list(play.tasks(population))
            results.extend(self._executor.map(play_members, tasks, play, self._context.should_stop))
            if len(results) < len(tasks):
                raise Stopped
            return np.concatenate([result.returns for result in results])

        self._search.turn(self._generation, evaluate)
        return results

    def _end_generation(self, results: list[TaskResult]) -> Scalars:
        """Take in what was observed, and say what came of it."""
        mean = self._search.mean
        if not np.isfinite(mean).all():
            # On returns that do not differ CMA_ES of evosax shrinks sigma until float32 holds it no
            # more, and divides by it. Steps of less than eps of the first ones change no weight.
            first = self._settings.sigma
            has_vanished = self._sigma < np.finfo(np.float32).eps * first
            raise RunError(
                f"{self._settings.algorithm} diverged in generation {self._generation + 1} (its "
                f"mean is not finite; sigma was {self._sigma:.2g}, at first {first:g}): try a "
                f"{'larger' if has_vanished else 'smaller'} agent.sigma"
            )
        if self._statistics is not None:
            sums = [result.obs_sums for result in results if result.obs_sums is not None]
            self._statistics.add_members(sums)
        self._generation += 1
        self._sigma = self._search.sigma
        returns = np.concatenate([result.returns for result in results])
        env_steps, episodes = sum(r.env_steps for r in results), sum(r.episodes for r in results)
        scalars: Scalars = {}
        if self._cap.steps is not None:
            scalars["episode_cap"] = self._cap.steps
            scalars["episodes_capped"] = sum(r.capped for r in results)
        self._cap.adapt(env_steps / episodes)
        return {
            "generation": self._generation,
            "return_train_mean": float(returns.mean()),
            "return_train_max": float(returns.max()),
            "episode_length_mean": env_steps / episodes,
            "sigma": self._sigma,
            "theta_norm": float(np.linalg.norm(mean)),
            **scalars,
        }

    def _play(self) -> Play:
        env, settings = self._context.env, self._settings
        episodes, workers = settings.episodes_per_member, self._executor.workers
        members, slots = shares(env, settings.population, episodes, workers)
        mean, std = self._mean_std()
        return Play(
            generation=self._generation,
            network=self._network,
            head=self._head,
            seeds=self._context.seeds.child("episodes"),
            members=members,
            slots=slots,
            episodes_per_member=episodes,
            shared_episodes=settings.shared_episodes,
            obs_mean=mean,
            obs_std=std,
            episode_cap=self._cap.steps,
        )

    def _mean_std(self) -> tuple[Array | None, Array | None]:
        return (None, None) if self._statistics is None else self._statistics.mean_std()
