"""DQN as one agent: act, remember, learn.

Mnih et al. 2015 with, as options, double Q-learning (van Hasselt et al. 2016), dueling networks
(Wang et al. 2016), n-step returns, prioritised replay (Schaul et al. 2016), several lanes in
lock-step, and acting on while updates run. Continuous and many-dimensional actions are decoupled:
each dimension is a separate choice (Seyde et al. 2022, arXiv 2210.12566).
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from rlbench.agents.dqn.actor import Actor
from rlbench.agents.dqn.frame_memory import FrameMemory
from rlbench.agents.dqn.learner import Learner, UpdateResult
from rlbench.agents.dqn.memory import Memory, Step, VectorMemory
from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.priorities import Priorities
from rlbench.agents.dqn.replay import Replay
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.errors import ConfigError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State
from rlbench.nets import dueling
from rlbench.nets.build import NetworkOptions, make_network
from rlbench.nets.heads import argmax_head
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy

FLOAT_BYTES = 4
PARAMETER_COPIES = 5  # online, target, two slots of the optimizer, and those that act


@dataclass
class _Log:
    """What happened since `advance` last reported; nothing in it is ever learned from."""

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

    def get_state(self) -> State:
        return {name: np.array(values, np.float64) for name, values in vars(self).items()}

    @classmethod
    def from_state(cls, state: State) -> _Log:
        values = {name: np.asarray(state[name], np.float64).tolist() for name in vars(cls())}
        return cls(**values | {"lengths": [int(length) for length in values["lengths"]]})


class DQN(Agent):
    """The agent.

    Order of events, with env_steps counted over all lanes. Every lane steps, epsilon-greedily. At
    each multiple t of `train_every_steps` from `learning_starts_steps` on:

    1. If t has passed a multiple of `target_update_steps` since the last learning, the target
       network becomes the online network.
    2. `updates_per_train` minibatches are drawn from the replay as it is at t, by the priorities
       at t where these are used.
    3. So many updates are made on them, one after another, with the target network fixed; then all
       new TD errors become priorities at once.

    Without `overlap` the lanes wait for 3 and go on with the parameters that it leaves. With
    `overlap` they go on at once, with the parameters that the learning before left, and the next
    learning waits for the end of this one (after Daley & Amato 2021, arXiv 2111.01264, who act with
    the target network's). So a lane acts with parameters that lack between `updates_per_train` and
    twice as many updates. Which parameters act, and what is learned from, depends on counted steps
    alone: neither on which side is faster nor on where `advance` or a checkpoint cuts. The end of
    `advance` waits for running updates, so evaluations and checkpoints see the newest parameters.

    Raises ConfigError where the actions cannot be discretised or the replay does not fit.
    """

    Settings = DQNSettings
    # 2: with `prioritized` and `overlap`, a transition that is written while updates run keeps the
    # priority of new ones. It got the TD error of the transition it replaced.
    version: ClassVar[int] = 2

    def __init__(self, context: Context, settings: DQNSettings) -> None:
        self._context, self._settings = context, settings
        facts, seeds = context.env, context.seeds
        self._head = argmax_head(facts.action, settings.bins)
        self._network = _network(facts, settings, self._head.size)
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
            context.starting,
        )
        self._replay_seeds = seeds.child("replay")
        self._actor = Actor(
            context.make_lanes(settings.num_lanes), self._network, self._head, seeds
        )
        self._memory.begin(np.arange(settings.num_lanes), self._actor.obs)
        self._env_steps = 0
        self._target_moves = 0  # how many multiples of target_update_steps have been acted on
        self._thread = ThreadPoolExecutor(1) if settings.overlap else None
        self._running: Future[UpdateResult] | None = None
        self._learned_rows: Array | None = None  # of the last learning, until its end takes effect
        self._errors: Array | None = None  # TD errors of those
        self._log = _Log()
        self._act_with_newest()

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: DQNSettings, *, workers: int) -> float:
        """What the replay holds when it is full, the parameters with the target network and the
        optimizer's slots, what one learning draws, and the lanes, in MiB."""
        network = _network(env, settings, argmax_head(env.action, settings.bins).size)
        dimensions, capacity = env.action.dimensions, settings.replay_capacity_steps
        if env.pixels:
            row_bytes = FrameMemory.bytes_per_step(env.observation_shape, dimensions)
        else:
            row_bytes = Replay.bytes_per_transition(env.observation_size, dimensions)
        if settings.prioritized:
            row_bytes += Priorities.bytes_per_row()
        # What one learning draws, and what the layers make of one of its batches, as floats.
        units = sum(units for _, units in network.shapes)
        drawn = 2 * (1 if env.pixels else FLOAT_BYTES) * env.observation_size
        layered = 2 * FLOAT_BYTES * (env.observation_size + units)
        learning = settings.batch_size * (settings.updates_per_train * drawn + layered)
        waiting = settings.num_lanes * settings.n_step * FLOAT_BYTES * env.observation_size
        lanes = settings.num_lanes * env.lane_bytes + (0 if env.pixels else waiting)
        parameters = PARAMETER_COPIES * FLOAT_BYTES * network.size
        return (capacity * row_bytes + parameters + learning + lanes) / 2**20

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`.

        Returns `epsilon`, `updates` (since the beginning), `episodes_train` (that ended in this
        call) and, where there is something to average over: `loss`, `value_mean` (of the actions
        learned from), `return_train_mean` and `length_train_mean` (of those episodes).
        """
        log, goal = self._log, self._env_steps + env_steps
        should_stop, settings = self._context.should_stop, self._settings
        saving = self._context.saving
        while self._env_steps < goal and not should_stop():
            if saving.due():
                self._wait(log)
                saving.save()
            step, ended = self._actor.step(self._layers, settings.epsilon(self._env_steps))
            self._memory.add(self._as_learned(step))
            self._env_steps += settings.num_lanes
            log.returns += ended.returns
            log.lengths += ended.lengths
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
        # What is still running belongs to this call: it counts in its time and in the next policy.
        self._wait(log)
        if self._env_steps >= goal:  # else the rest of it is still to come
            self._log = _Log()
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
        """Everything; a frame memory's arrays are views that hold until the next `advance`."""
        return {
            "env_steps": self._env_steps,
            "target_moves": self._target_moves,
            "learner": self._learner.get_state(),
            "memory": self._memory.get_state(),
            "actor": self._actor.get_state(),
            "acting": self._acting.copy(),
            "learned_rows": self._learned_rows,
            "errors": self._errors,
            "log": self._log.get_state(),
        }

    def set_state(self, state: State) -> None:
        """Go on from `state`; raises RunError where the environment does not repeat itself."""
        self._env_steps = int(state["env_steps"])
        self._target_moves = int(state["target_moves"])
        self._learner.set_state(state["learner"])
        self._memory.set_state(state["memory"])
        self._actor.set_state(state["actor"])
        self._learned_rows, self._errors = state["learned_rows"], state["errors"]
        self._log = _Log.from_state(state["log"])
        self._act_with(np.array(state["acting"]))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def _as_learned(self, step: Step) -> Step:
        """The step as learning sees it: rewards clipped and a life counted as an episode, where
        that is asked for."""
        if self._settings.clip_rewards:
            step = step._replace(rewards_t=np.clip(step.rewards_t, -1.0, 1.0))
        if self._settings.life_loss_ends_episode:
            step = step._replace(terminated=step.terminated | step.lost_life)
        return step

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
        """Wait for running updates."""
        if self._running is not None:
            result = self._running.result()
            self._running, self._errors = None, result.errors
            log.losses.append(result.loss)
            log.values.append(result.value)

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


def _network(env: EnvFacts, settings: DQNSettings, outputs: int) -> Network:
    options = NetworkOptions(settings.hidden, settings.activation, settings.layer_norm)
    network = make_network(settings.network, env, outputs, options, for_frames="nature")
    if settings.layer_norm and network.observations != "vector":
        raise ConfigError("agent.layer_norm", True, "false: the network is convolutional")
    return dueling.widened(network) if settings.dueling else network


def _memory(
    facts: EnvFacts, settings: DQNSettings, dimensions: int, priorities: Priorities | None
) -> Memory:
    if facts.pixels:
        return FrameMemory(
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
