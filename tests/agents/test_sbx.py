"""SBX's algorithms as agents: the contract, and the same as without rlbench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")
pytest.importorskip("sbx")

import sbx
import torch
from stable_baselines3.common.vec_env import DummyVecEnv

from rlbench.agents.sb3.arguments import arguments
from rlbench.agents.sbx.agent import SBX
from rlbench.agents.sbx.learner import SBXLearner, _arrays, _train_states
from rlbench.agents.sbx.settings import ALGORITHMS, SBXSettings
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources
from rlbench.interfaces import State
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent, first_difference
from support.sb3_agents import ENVS, SMALL, SameEpisodes, model_seed

STEPS = 160


def settings(algorithm: str, **values: Any) -> SBXSettings:
    given = {"num_lanes": 2, "schedule_steps": STEPS, "algorithm": algorithm}
    return SBXSettings(**{**given, "kwargs": SMALL[algorithm], **values})


@contextmanager
def agent(made: SBXSettings, env: str) -> Iterator[SBX]:
    resources = Resources(plan_env(EnvSettings(id=env)))
    try:
        yield SBX(resources.context(0), made)
    finally:
        resources.close()


def learned(model: Any) -> State:
    return {name: _arrays(tree) for name, tree in _train_states(model).items()}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_keeps_the_rules(algorithm: str) -> None:
    made = settings(algorithm).model_dump(mode="json")
    check_agent("sbx", ENVS[algorithm], settings=made, env_steps=120)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_learns_what_sbx_learns_and_acts_as_it_evaluates(algorithm: str) -> None:
    env, made = ENVS[algorithm], settings(algorithm)
    lanes: Any = DummyVecEnv([lambda lane=lane: SameEpisodes(env, lane) for lane in range(2)])
    kind = getattr(sbx, algorithm)
    given = arguments(kind, made.chosen.kwargs, 1, SBXLearner.names)
    torch.set_num_threads(1)
    with agent(made, env) as ours:  # JAX begins as it does in a run
        own = kind("MlpPolicy", lanes, seed=model_seed(), **given)
        own.learn(STEPS)
        ours.advance(STEPS)
        model = ours._learner._model
        assert (model.num_timesteps, model._n_updates) == (own.num_timesteps, own._n_updates)
        assert own._n_updates > 3
        assert first_difference(learned(model), learned(own)) is None
        size = model.observation_space.shape[0]
        obs = np.random.default_rng(0).normal(0, 1, (200, size)).astype(np.float32)
        theirs, _ = model.predict(obs, deterministic=True)
        mine = ours.policy().act(obs, np.random.default_rng(0))
        assert mine.shape == theirs.shape
        if env == "CartPole-v1":
            assert (mine != theirs).sum() <= 1  # equal but for rounding
        else:
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
