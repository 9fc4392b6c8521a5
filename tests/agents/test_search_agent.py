"""A search as an agent, whatever library it is of: here one that needs none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from rlbench.agents.es.statistics import ObservationStatistics
from rlbench.agents.search.agent import Evaluate, Search, SearchAgent
from rlbench.agents.search.play import play_members
from rlbench.agents.search.settings import Algorithm, SearchSettings
from rlbench.envs.make import plan_env
from rlbench.errors import RunError
from rlbench.executors.worker import LaneWorker
from rlbench.harness.resources import Resources
from rlbench.interfaces import Array, State
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent

COUNTING = "probe_envs:Counting-v0"
SMALL: dict[str, Any] = {
    "population": 6, "hidden": [4], "normalize_observations": True, "episodes_per_member": 2,
}  # fmt: skip


class Climb:
    """Goes to the best of each population."""

    def __init__(self, settings: SearchSettings, start: Array, seed: int) -> None:
        self._settings, self._seed, self.mean = settings, seed, start

    def population(self, generation: int) -> Array:
        rng = np.random.default_rng([self._seed, generation])
        noise = rng.standard_normal((self._settings.population, len(self.mean)))
        return (self.mean + self._settings.sigma * noise).astype(np.float32)

    def turn(self, generation: int, evaluate: Evaluate) -> None:
        population = self.population(generation)
        self.mean = population[evaluate(population).argmax()]

    @property
    def sigma(self) -> float:
        return self._settings.sigma

    def get_state(self) -> State:
        return {"mean": self.mean.copy()}

    def set_state(self, state: State) -> None:
        self.mean = np.array(state["mean"])


class ClimberSettings(SearchSettings):
    extra: ClassVar[str] = "climb"
    algorithms: ClassVar[Mapping[str, Algorithm]] = {"climb": Algorithm(())}

    algorithm: str = "climb"


class Climber(SearchAgent):
    Settings = ClimberSettings
    version: ClassVar[int] = 1
    library: ClassVar[str] = "nothing"

    @staticmethod
    def make_search(settings: SearchSettings, start: Array, seeds: Seeds) -> Search:
        return Climb(settings, start, seeds.integer())


def test_it_keeps_the_rules() -> None:
    check_agent(Climber, COUNTING, settings={**SMALL, "episode_cap": "adaptive"}, env_steps=300)


def test_what_members_came_to_and_saw_is_taken_in() -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    resources = Resources(plan)
    agent = Climber(resources.context(0), ClimberSettings(**SMALL))
    statistics, before = ObservationStatistics.empty(3, 0.01), 0
    for generation in range(2):
        search, play = agent._search, agent._play()
        assert isinstance(search, Climb)
        population = search.population(generation)
        results = [play_members(LaneWorker(plan), play, task) for task in play.tasks(population)]
        statistics.add_members([result.obs_sums for result in results if result.obs_sums])
        returns = np.concatenate([result.returns for result in results])
        env_steps = sum(result.env_steps for result in results)

        scalars = agent.advance(1)
        assert scalars["return_train_mean"] == returns.mean()
        assert scalars["return_train_max"] == returns.max()
        assert scalars["episode_length_mean"] == env_steps / 12
        assert resources.counts().env_steps - before == env_steps
        before = resources.counts().env_steps
        policy, (mean, std) = agent.policy(), statistics.mean_std()
        assert policy.obs_mean is not None and policy.obs_std is not None
        assert policy.obs_mean.tolist() == mean.tolist()
        assert policy.obs_std.tolist() == std.tolist()
        assert policy.parameters.tolist() == population[returns.argmax()].tolist()
    resources.close()


@pytest.mark.parametrize(
    ("sigma", "other"), [("0.1", "smaller"), ("0.09", "smaller"), ("3e-38", "larger")]
)
def test_one_that_is_lost_is_an_error_in_a_line(
    sigma: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Climb, "sigma", float(sigma))
    resources = Resources(plan_env(EnvSettings(id=COUNTING)))
    agent = Climber(resources.context(0), ClimberSettings(**SMALL))
    agent._search.set_state({"mean": np.full_like(agent._search.mean, np.nan)})
    with pytest.raises(RunError) as raised:
        agent.advance(1)
    assert str(raised.value) == (
        "climb diverged in generation 1 (its mean is not finite; "
        f"sigma was {sigma}, at first 0.1): try a {other} agent.sigma"
    )
    resources.close()
