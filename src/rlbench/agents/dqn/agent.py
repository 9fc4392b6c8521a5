"""DQN as one agent: act, remember, learn.

Mnih et al. 2015 with, as options, double Q-learning (van Hasselt et al. 2016), dueling networks
(Wang et al. 2016), n-step returns, prioritised replay (Schaul et al. 2016), several lanes in
lock-step, and acting on while updates run. Continuous and many-dimensional actions are decoupled:
each dimension is a choice of its own (Seyde et al. 2022, arXiv 2210.12566).
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from rlbench.agents.dqn.actor import Actor, Step
from rlbench.agents.dqn.frame_replay import FrameReplay
from rlbench.agents.dqn.learner import Learner, Learnt
from rlbench.agents.dqn.memory import Experience, Memory, VectorMemory
from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.priorities import Priorities
from rlbench.agents.dqn.replay import Replay
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import ConfigError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State
from rlbench.nets import dueling
from rlbench.nets.build import make_network
from rlbench.nets.heads import argmax_head
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network
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


class DQN(Agent):
    """The agent.

    Order of events, with env_steps counted over all lanes: each lane steps, epsilon-greedily; then,
    if env_steps is a multiple of `train_every_steps` and at least `learning_starts_steps`, it is
    time to learn: the target network is set to the online parameters if env_steps has passed a
    multiple of `target_update_steps` since the last learning, and `updates_per_train` updates
    follow, on minibatches drawn from the replay as it is now. The target network therefore never
    moves between two updates of one learning.

    Without `overlap` the lanes wait, and step on with the parameters that this learning left. With
    it they step on at once, with the parameters that the learning before left, and the next
    learning waits for this one to end (after Daley & Amato 2021, arXiv 2111.01264, who act with the
    target network's). In both, which parameters act and what is learned from are a matter of
    counted steps, never of who is faster.

    Raises ConfigError where the actions cannot be discretised or the replay does not fit.
    """

    Settings = DQNSettings
    version: ClassVar[int] = 1

    def __init__(self, context: Context, settings: DQNSettings) -> None:
        self._context, self._settings = context, settings
        facts, seeds = context.env, context.seeds
        self._head = argmax_head(facts.action, settings.bins)
        self._network = _network(context, settings, self._head.size)
        self._priorities: Priorities | None = None
        if settings.prioritized:
            capacity = settings.replay_capacity_steps
            self._priorities = Priorities(capacity, settings.priority_exponent)
        self._memory = _memory(facts, settings, len(self._head.nvec), self._priorities)
        rng = seeds.child("parameters").generator()
        self._learner = Learner(
            self._network,
            self._head.nvec,
            settings,
            dueling.initial(self._network, rng)
            if settings.dueling
            else self._network.initial_fan_in(rng),
            context.cores,
        )
        self._replay_seeds = seeds.child("replay")
        self._actor = Actor(
            context.make_lanes(settings.num_lanes), self._network, self._head, seeds
        )
        self._memory.begin(np.arange(settings.num_lanes), self._actor.obs)
        self._env_steps = 0
        self._target_moves = 0  # how many multiples of target_update_steps have been acted on
        self._thread = ThreadPoolExecutor(1) if settings.overlap else None
        self._running: Future[Learnt] | None = None
        self._learned_rows: Array | None = None  # of the last learning, until its end takes effect
        self._errors: Array | None = None  # TD errors of those
        self._act_with_newest()

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: DQNSettings, *, workers: int) -> float:
        """What the replay holds when it is full, in MB."""
        dimensions, capacity = env.action.dimensions, settings.replay_capacity_steps
        if env.pixels:
            row_bytes = FrameReplay.bytes_per_step(env.observation_shape, dimensions)
        else:
            row_bytes = Replay.bytes_per_transition(env.observation_size, dimensions)
        if settings.prioritized:
            row_bytes += Priorities.bytes_per_row()
        return capacity * row_bytes / 2**20

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
            self._memory.add(self._as_learned(step))
            self._env_steps += settings.num_lanes
            log.returns += step.ended_returns
            log.lengths += step.ended_lengths
            if (
                self._env_steps % settings.train_every_steps == 0
                and self._env_steps >= settings.learning_starts_steps
            ):
                self._wait(log)
                if settings.overlap:
                    self._take_effect()
                self._learn()
                if not settings.overlap:
                    self._wait(log)
                    self._take_effect()
        # What is still running belongs to this call: its time, and the policy that is judged next.
        self._wait(log)
        return {
            **log.scalars(),
            "epsilon": settings.epsilon(self._env_steps),
            "updates": self._learner.updates,
            "episodes_train": len(log.returns),
        }

    def policy(self) -> NetworkPolicy:
        """The greedy policy of the online network, after all updates made so far."""
        return NetworkPolicy(self._network, self._head, self._learner.parameters)

    def get_state(self) -> State:
        """Everything; a frame replay's arrays are views that hold until the next `advance`."""
        return {
            "env_steps": self._env_steps,
            "target_moves": self._target_moves,
            "learner": self._learner.get_state(),
            "memory": self._memory.get_state(),
            "actor": self._actor.get_state(),
            "acting": self._acting.copy(),
            "learned_rows": self._learned_rows,
            "errors": self._errors,
        }

    def set_state(self, state: State) -> None:
        """Go on from `state`; raises RunError where the environment does not repeat itself."""
        self._env_steps = int(state["env_steps"])
        self._target_moves = int(state["target_moves"])
        self._learner.set_state(state["learner"])
        self._memory.set_state(state["memory"])
        self._actor.set_state(state["actor"])
        self._learned_rows, self._errors = state["learned_rows"], state["errors"]
        self._act_with(np.array(state["acting"]))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def _as_learned(self, step: Step) -> Experience:
        settings = self._settings
        rewards, terminated = step.rewards_t, step.terminated
        if settings.clip_rewards:
            rewards = np.clip(rewards, -1.0, 1.0)
        if settings.life_loss_ends_episode:
            terminated = terminated | step.lost_life
        return Experience(
            obs_tm1=step.obs_tm1,
            actions_tm1=step.actions_tm1,
            rewards_t=rewards,
            obs_t=step.obs_t,
            terminated=terminated,
            truncated=step.truncated,
            begun=step.terminated | step.truncated,
            obs_next=step.obs_next,
        )

    def _learn(self) -> None:
        """Draw minibatches and begin to learn from them."""
        settings, learner = self._settings, self._learner
        moves = self._env_steps // settings.target_update_steps
        if moves != self._target_moves:
            learner.move_target()
            self._target_moves = moves
        # The generator is a pure function of the update's number, so none needs to be kept.
        rng = self._replay_seeds.generator(learner.updates)
        rows = self._memory.draw(rng, (settings.updates_per_train, settings.batch_size))
        weights = None
        if self._priorities is not None:
            exponent = settings.priority_weight(self._env_steps)
            weights = self._priorities.weights(rows, exponent)
            self._learned_rows = rows
        batches = self._memory.gather(rows)
        self._running = Future()
        if self._thread is None:
            self._running.set_result(learner.update(batches, weights))
        else:
            self._running = self._thread.submit(learner.update, batches, weights)

    def _wait(self, log: _Log) -> None:
        """Let the updates that are running, if any, come to their end."""
        if self._running is not None:
            learnt = self._running.result()
            self._running, self._errors = None, learnt.errors
            log.losses.append(learnt.loss)
            log.values.append(learnt.value)

    def _take_effect(self) -> None:
        """What was learned is acted upon, and says how often its transitions are drawn."""
        if self._priorities is not None and self._learned_rows is not None:
            assert self._errors is not None
            self._priorities.update(self._learned_rows, self._errors)
            self._learned_rows = self._errors = None
        self._act_with_newest()

    def _act_with_newest(self) -> None:
        self._act_with(self._learner.parameters)

    def _act_with(self, parameters: Array) -> None:
        self._acting = parameters
        self._layers = self._network.layers(parameters)


def _network(context: Context, settings: DQNSettings, outputs: int) -> Network:
    network = make_network(
        settings.network,
        context.env,
        outputs,
        hidden=settings.hidden,
        activation=settings.activation,
        pixels="nature",
    )
    if settings.layer_norm:
        if not isinstance(network, MLP):
            raise ConfigError("agent.layer_norm", True, "false: the network is convolutional")
        network = dataclasses.replace(network, layer_norm=True)
    return dueling.widened(network) if settings.dueling else network


def _memory(
    facts: EnvFacts, settings: DQNSettings, dimensions: int, priorities: Priorities | None
) -> Memory:
    if facts.pixels:
        return FrameReplay(
            settings.replay_capacity_steps,
            facts.observation_shape,
            num_lanes=settings.num_lanes,
            action_dimensions=dimensions,
            n_step=settings.n_step,
            discount=settings.discount,
            priorities=priorities,
        )
    assembler = NStepAssembler(
        settings.n_step, settings.discount, settings.num_lanes, facts.observation_size, dimensions
    )
    replay = Replay(settings.replay_capacity_steps, facts.observation_size, dimensions)
    return VectorMemory(assembler, replay, priorities)
