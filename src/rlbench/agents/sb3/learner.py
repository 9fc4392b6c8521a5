"""One model of Stable-Baselines3 on the harness's lanes: its units of training and its state."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import numpy as np
import torch
from sb3_contrib import ARS
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from rlbench.agents.sb3.arguments import TORCH, Names, algorithm_class, arguments
from rlbench.agents.sb3.frame_network import with_network
from rlbench.agents.sb3.model_state import (
    collecting_state,
    model_state,
    restore_collecting,
    restore_model,
)
from rlbench.agents.sb3.randomness import OwnGenerators
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.agents.sb3.snapshot import snapshot
from rlbench.agents.sb3.vec_env import LanesVecEnv
from rlbench.errors import ConfigError
from rlbench.interfaces import Context, Scalars, State, Stopped
from rlbench.nets.policy import NetworkPolicy

# A rollout of so few steps of each lane is finished: to be ready to throw it away took 3 % of A2C.
SHORT_STEPS = 8
GAMMA = 0.99  # Stable-Baselines3's default, for the scale of rewards


class Learner:
    """A model, made and driven as `learn` of Stable-Baselines3 would.

    Raises ConfigError for arguments that the algorithm does not take.
    """

    names: ClassVar[Names] = TORCH

    def __init__(self, context: Context, settings: SB3Settings) -> None:
        chosen, self._facts = settings.chosen, context.env
        torch.set_num_threads(settings.threads_of(context.cores))
        seeds = context.seeds
        lanes = context.make_lanes(chosen.num_lanes)
        self._lanes = LanesVecEnv(
            lanes, context.env, seeds, chosen.clip_rewards, chosen.life_loss_ends_episode
        )
        self._counts, self._counted_before = lanes.counts, 0
        seed = seeds.child("sb3").integer()
        self._generators = OwnGenerators(seed, "cuda" if torch.cuda.is_available() else "cpu")
        with self._generators.in_place():
            self._model: Any = self._make(settings, seed)
            self._total = chosen.schedule_steps
            _, self._callback = self._model._setup_learn(self._total)
            self._callback.on_training_start({}, {})
        self._unit: Callable[[], None] = self._replay_and_train
        # What goes into a replay stays there, and units are short; a rollout can be thrown away.
        if not isinstance(self._model, OffPolicyAlgorithm):
            is_ars = isinstance(self._model, ARS)
            self._unit = self._generation if is_ars else self._rollout_and_train
            if is_ars or self._model.n_steps > SHORT_STEPS:
                self._lanes.should_stop = context.should_stop
        self.policy()  # refuses a policy that is none of the networks here, before anything starts

    @property
    def env_steps(self) -> int:
        """Steps of all lanes since the beginning."""
        return self._counted_before + int(self._counts.env_steps)

    @property
    def throws_away(self) -> bool:
        """Whether a stop cuts a unit short."""
        return self._lanes.should_stop is not None

    def own_generators(self) -> AbstractContextManager[None]:
        """Within this, the global generators are the model's own, as training needs them."""
        return self._generators.in_place()

    def collect_and_train(self) -> bool:
        """One unit of training: what Stable-Baselines3 does between two looks at its budget. False
        where a stop cut it short: then all is as it was before, but for the steps counted."""
        if not self.throws_away:
            self._unit()
            return True
        place, model, done = self._lanes.place(), self.collecting_state(), self.env_steps
        generators = self._generators.rollout_state()
        try:
            self._unit()
        except Stopped:
            self._lanes.go_back(place)
            self.restore_collecting(model)
            self._generators.undo_rollout(generators)
            self._counted_before -= self.env_steps - done
            return False
        return True

    def report(self, done: bool) -> Scalars:
        """What is logged of the episodes since the last report that was `done`, and of training."""
        logged = {
            name.rpartition("/")[2]: float(value)
            for name, value in self._model.logger.name_to_value.items()
            if isinstance(value, int | float | np.number)
        }
        logged.pop("n_updates", None)
        returns, lengths = self._lanes.ended_returns, self._lanes.ended_lengths
        scalars: Scalars = {
            **logged, "updates": int(self._model._n_updates), "episodes_train": len(returns)
        }  # fmt: skip
        if returns:
            scalars["return_train_mean"] = float(np.mean(returns))
            scalars["length_train_mean"] = float(np.mean(lengths))
        if done:  # else the rest of it is still to come
            self._lanes.ended_returns, self._lanes.ended_lengths = [], []
        return scalars

    def policy(self) -> NetworkPolicy:
        return snapshot(self._model, self._facts)

    def get_state(self) -> State:
        return {
            "env_steps": self.env_steps,
            "lanes": self._lanes.get_state(),
            "generators": self._generators.get_state(),
            "model": self.model_state(),
        }

    def set_state(self, state: State) -> None:
        self._lanes.set_state(state["lanes"])
        self._counted_before = int(state["env_steps"]) - int(self._counts.env_steps)
        self._generators.set_state(state["generators"])
        self.restore_model(state["model"])

    # --- what another library's models of the same interface have otherwise ---

    @staticmethod
    def class_of(algorithm: str) -> Any:
        return algorithm_class(algorithm)

    @staticmethod
    def seeding(seed: int) -> dict[str, Any]:
        """Arguments of the algorithm beside the global generators, which are seeded already."""
        return {}

    def model_state(self) -> State:
        return model_state(self._model)

    def restore_model(self, state: State) -> None:
        restore_model(self._model, state)

    def collecting_state(self) -> State:
        return collecting_state(self._model)

    def restore_collecting(self, state: State) -> None:
        restore_collecting(self._model, state)

    def _make(self, settings: SB3Settings, seed: int) -> Any:
        chosen = settings.chosen
        algorithm = self.class_of(settings.algorithm)
        actions = self._facts.action.dimensions
        given = self.seeding(seed) | arguments(algorithm, chosen.kwargs, actions, self.names)
        given = with_network(chosen.network, given)
        env: Any = self._lanes
        if chosen.normalize_observations or chosen.normalize_rewards:
            env = VecNormalize(
                env,
                norm_obs=chosen.normalize_observations,
                norm_reward=chosen.normalize_rewards,
                gamma=float(chosen.kwargs.get("gamma", GAMMA)),
            )
        self._lanes.action_space.seed(seed)  # as `set_random_seed` of Stable-Baselines3
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # advice on arguments; what is wrong is raised
                model = algorithm(settings.policy_for(self._facts), env, **given)
        except Exception as error:  # it only builds: whatever is wrong is in the arguments
            said = " ".join(str(error).split())
            takes = f"what {settings.algorithm} of Stable-Baselines3 takes: {said}"
            raise ConfigError("agent.kwargs", chosen.kwargs, takes) from error
        model.set_logger(Logger(folder=None, output_formats=[]))
        return model

    def _rollout_and_train(self) -> None:
        """An iteration of `OnPolicyAlgorithm.learn`."""
        model = self._model
        model.collect_rollouts(model.env, self._callback, model.rollout_buffer, model.n_steps)
        self._progress()
        model.train()

    def _replay_and_train(self) -> None:
        """An iteration of `OffPolicyAlgorithm.learn`."""
        model = self._model
        rollout = model.collect_rollouts(
            model.env,
            self._callback,
            model.train_freq,
            model.replay_buffer,
            action_noise=model.action_noise,
            learning_starts=model.learning_starts,
        )
        if model.num_timesteps > model.learning_starts:
            every = model.gradient_steps < 0  # as many updates as steps were taken
            updates = rollout.episode_timesteps if every else model.gradient_steps
            if updates > 0:
                model.train(batch_size=model.batch_size, gradient_steps=updates)

    def _generation(self) -> None:
        """An iteration of `ARS.learn`."""
        self._progress()
        self._model._do_one_update(self._callback, None)

    def _progress(self) -> None:
        """Where schedules stand. Behind their end they stay as they are there."""
        steps = min(self._model.num_timesteps, self._total)
        self._model._update_current_progress_remaining(steps, self._total)
