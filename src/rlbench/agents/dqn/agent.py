"""DQN as one agent: act, remember, learn.

Mnih et al. 2015 with, as options, double Q-learning (van Hasselt et al. 2016), n-step returns and
several lanes in lock-step. Continuous and many-dimensional actions are decoupled: each dimension
is a choice of its own (Seyde et al. 2022, arXiv 2210.12566).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rlbench.agents.dqn.actor import Actor, Step
from rlbench.agents.dqn.learner import Learner
from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.replay import Replay
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.interfaces import Array, Context, Scalars, State
from rlbench.nets.heads import argmax_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy


@dataclass
class _Log:
    """What happened within one `advance`; nothing in it is ever learned from."""

    losses: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def scalars(self) -> Scalars:
        means: dict[str, list[float] | list[int]] = {
            "loss": self.losses,
            "value_mean": self.values,
            "return_train_mean": self.returns,
            "length_train_mean": self.lengths,
        }
        return {name: float(sum(v) / len(v)) for name, v in means.items() if v}


class DQN:
    """The agent.

    Order of events, with env_steps counted over all lanes: each lane steps with the parameters
    that the last learning left, epsilon-greedily; then, if env_steps is a multiple of
    `train_every_steps` and at least `learning_starts_steps`, the target network is set to those
    parameters if env_steps has passed a multiple of `target_update_steps` since the last
    learning, and `updates_per_train` updates follow, on minibatches drawn from the replay as it
    is now. The target network therefore never moves between two updates of one learning.

    Raises ConfigError where the actions cannot be discretised or the replay does not fit.
    """

    Settings = DQNSettings
    uses_executor = False

    def __init__(self, context: Context, settings: DQNSettings) -> None:
        self._context, self._settings = context, settings
        facts, seeds = context.env, context.seeds
        self._head = argmax_head(facts.action, settings.bins)
        self._network = MLP(
            facts.observation_size, settings.hidden, self._head.size, settings.activation
        )
        dimensions = len(self._head.nvec)
        self._replay = Replay(settings.replay_capacity_steps, facts.observation_size, dimensions)
        self._assembler = NStepAssembler(
            settings.n_step,
            settings.discount,
            settings.num_envs,
            facts.observation_size,
            dimensions,
        )
        self._learner = Learner(
            self._network,
            self._head.nvec,
            settings,
            self._network.initial_fan_in(seeds.child("parameters").generator()),
            context.cores,
        )
        self._replay_seeds = seeds.child("replay")
        self._actor = Actor(context.make_lanes(settings.num_envs), self._network, self._head, seeds)
        self._env_steps = 0
        self._target_moves = 0  # how many multiples of target_update_steps have been acted on
        self._take_snapshot()

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`.

        Returns `epsilon`, `updates` (since the beginning), `episodes_train` (that ended in this
        call) and, where there is something to average over: `loss`, `value_mean` (of the actions
        learned from), `return_train_mean` and `length_train_mean` (of those episodes).
        """
        log = _Log()
        goal = self._env_steps + env_steps
        should_stop, settings = self._context.should_stop, self._settings
        while self._env_steps < goal and not should_stop():
            step = self._actor.step(self._layers, settings.epsilon(self._env_steps))
            self._remember(step)
            self._env_steps += settings.num_envs
            log.returns += step.ended_returns
            log.lengths += step.ended_lengths
            if (
                self._env_steps % settings.train_every_steps == 0
                and self._env_steps >= settings.learning_starts_steps
            ):
                loss, value = self._learn()
                log.losses.append(loss)
                log.values.append(value)
        return {
            **log.scalars(),
            "epsilon": settings.epsilon(self._env_steps),
            "updates": self._learner.updates,
            "episodes_train": len(log.returns),
        }

    def policy(self) -> NetworkPolicy:
        """The greedy policy of the online network as it is now."""
        return NetworkPolicy(self._network, self._head, self._parameters)

    def get_state(self) -> State:
        return {
            "env_steps": self._env_steps,
            "target_moves": self._target_moves,
            "learner": self._learner.get_state(),
            "replay": self._replay.get_state(),
            "window": self._assembler.get_state(),
            "actor": self._actor.get_state(),
        }

    def set_state(self, state: State) -> None:
        """Go on from `state`; raises RunError where the environment does not repeat itself."""
        self._env_steps = int(state["env_steps"])
        self._target_moves = int(state["target_moves"])
        self._learner.set_state(state["learner"])
        self._replay.set_state(state["replay"])
        self._assembler.set_state(state["window"])
        self._actor.set_state(state["actor"])
        self._take_snapshot()

    def close(self) -> None:
        self._actor.close()

    def _remember(self, step: Step) -> None:
        transitions = self._assembler.push(
            step.obs_tm1,
            step.actions_tm1,
            step.rewards_t,
            step.obs_t,
            step.terminated,
            step.truncated,
        )
        self._replay.add(transitions)

    def _learn(self) -> tuple[float, float]:
        settings = self._settings
        moves = self._env_steps // settings.target_update_steps
        if moves != self._target_moves:
            self._learner.move_target()
            self._target_moves = moves
        # The generator is a pure function of the update's number, so none needs to be kept.
        rng = self._replay_seeds.generator(self._learner.updates)
        shape = (settings.updates_per_train, settings.batch_size)
        loss, value = self._learner.update(self._replay.sample(rng, shape))
        self._take_snapshot()
        return loss, value

    def _take_snapshot(self) -> None:
        self._parameters: Array = self._learner.parameters
        self._layers = self._network.layers(self._parameters)
