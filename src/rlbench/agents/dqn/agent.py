"""DQN as one agent: act, remember, learn.

Mnih et al. 2015 with, as options, double Q-learning (van Hasselt et al. 2016), dueling networks
(Wang et al. 2016), n-step returns, prioritised replay (Schaul et al. 2016), several lanes in
lock-step, acting on while updates run, and several actors on the workers of an executor, which feed
one learner (after Nair et al. 2015 and Horgan et al. 2018). Continuous and many-dimensional actions
are decoupled: each dimension is a separate choice (Seyde et al. 2022, arXiv 2210.12566).
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from rlbench.agents.dqn.acting import Acting, LocalActor
from rlbench.agents.dqn.frame_memory import FrameMemory
from rlbench.agents.dqn.learner import Learner, UpdateResult
from rlbench.agents.dqn.memory import Memory, VectorMemory
from rlbench.agents.dqn.player import ActorSetup, Player
from rlbench.agents.dqn.priorities import Priorities
from rlbench.agents.dqn.replay import Replay
from rlbench.agents.dqn.rounds import SpreadActors
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.agents.dqn.training_log import TrainingLog
from rlbench.errors import ConfigError
from rlbench.interfaces import Agent, Array, Context, EnvFacts, Scalars, State
from rlbench.nets import dueling
from rlbench.nets.build import NetworkOptions, make_network
from rlbench.nets.heads import argmax_head
from rlbench.nets.network import Network
from rlbench.nets.policy import NetworkPolicy

FLOAT_BYTES = 4
PARAMETER_COPIES = 5  # online, target, two slots of the optimizer, and those that act


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

    With `actors` the lanes are those of so many actors, which play from one learning to the next
    by themselves, each with its own epsilon; then the learner takes what all of them have played.
    So there are always `updates_per_train` updates for each `train_every_steps` steps, whichever
    side is faster: the slower one is waited for. With `overlap` the actors play while the learner
    learns from what they played before.

    Raises ConfigError where the actions cannot be discretised or the replay does not fit.
    """

    Settings = DQNSettings
    # 2: with `prioritized` and `overlap`, a transition that is written while updates run keeps the
    # priority of new ones. It got the TD error of the transition it replaced.
    version: ClassVar[int] = 2
    uses_executor: ClassVar[bool] = True  # with `actors` (see `DQNSettings.alone`)

    def __init__(self, context: Context, settings: DQNSettings) -> None:
        self._context, self._settings = context, settings
        facts, seeds = context.env, context.seeds
        _check_priorities(facts, settings)
        self._head = argmax_head(facts.action, settings.bins)
        self._network = _network(facts, settings, self._head.size)
        self._priorities: Priorities | None = None
        if settings.prioritized:
            capacity = settings.replay_capacity_steps
            self._priorities = Priorities(capacity, settings.priority_exponent)
        self._memory = _memory(facts, settings, len(self._head.nvec), self._priorities)
        # Workers come up while the learner loads its libraries.
        executor = None if settings.alone() else context.make_executor()
        rng = seeds.child("parameters").generator()
        self._learner = Learner(
            self._network,
            self._head.nvec,
            settings,
            dueling.initial(self._network, rng)
            if settings.dueling
            else self._network.initial_uniform(rng),
            context.cores,
            context.starting,
        )
        self._replay_seeds = seeds.child("replay")
        setup = ActorSetup(facts, settings, self._network, self._head, seeds)
        self._acting: Acting
        if executor is None:
            lanes = context.make_lanes(settings.num_lanes)
            self._acting = LocalActor(Player(lanes, setup), self._network)
        else:
            self._acting = SpreadActors(executor, setup)
        self._memory.begin(np.arange(settings.lanes), self._acting.obs)
        self._env_steps = 0
        self._target_moves = 0  # how many multiples of target_update_steps have been acted on
        self._thread = ThreadPoolExecutor(1) if settings.overlaps else None
        self._running: Future[UpdateResult] | None = None
        self._learned_rows: Array | None = None  # of the last learning, until its end takes effect
        self._errors: Array | None = None  # TD errors of those
        self._log = TrainingLog()
        self._act_with_newest()

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: DQNSettings, *, workers: int) -> float:
        """What the replay holds when it is full, the parameters with the target network and the
        optimizer's slots, what one learning draws, and the lanes, in MiB."""
        _check_priorities(env, settings)
        network = _network(env, settings, argmax_head(env.action, settings.bins).size)
        dimensions, capacity = env.action.dimensions, settings.replay_capacity_steps
        if env.frames:
            row_bytes = FrameMemory.bytes_per_step(env.observation_shape, dimensions)
        else:
            row_bytes = Replay.bytes_per_transition(
                env.observation_shape, dimensions, env.observation_dtype
            )
        if settings.prioritized:
            row_bytes += Priorities.bytes_per_row()
        # What one learning draws, and what the layers make of one of its batches, as floats.
        units = sum(units for _, units in network.shapes)
        observation_bytes = env.observation_size * np.dtype(env.observation_dtype).itemsize
        drawn = 2 * observation_bytes
        layered = 2 * FLOAT_BYTES * (env.observation_size + units)
        learning = settings.batch_size * (settings.updates_per_train * drawn + layered)
        waiting = settings.lanes * settings.n_step * observation_bytes
        lanes = settings.lanes * env.lane_bytes + (0 if env.frames else waiting)
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
            played = self._acting.play(self._steps_to(goal), should_stop)
            if played.experience is None:  # all were told to stop before a step
                continue
            self._memory.add(played.experience)
            self._env_steps += played.steps * settings.lanes
            log.returns += played.ended.returns
            log.lengths += played.ended.lengths
            if (
                self._env_steps % settings.train_every_steps == 0
                and self._env_steps >= settings.learning_starts_steps
            ):
                self._wait(log)
                if settings.overlaps:
                    self._take_effect()
                self._learn()
                if not settings.overlaps:
                    self._wait(log)
                    self._take_effect()
        # What is still running belongs to this call: it counts in its time and in the next policy.
        self._wait(log)
        if self._env_steps >= goal:  # else the rest of it is still to come
            self._log = TrainingLog()
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
            "actors": self._acting.get_state(),
            "acting": self._acting_parameters.copy(),
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
        self._acting.set_state(state["actors"])
        self._learned_rows, self._errors = state["learned_rows"], state["errors"]
        self._log = TrainingLog.from_state(state["log"])
        self._act_with(np.array(state["acting"]))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def _steps_to(self, goal: int) -> int:
        """The steps of every lane up to `goal`, or to the next learning if that comes first."""
        settings = self._settings
        until = settings.train_every_steps - self._env_steps % settings.train_every_steps
        return -(-min(until, goal - self._env_steps) // settings.lanes)

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

    def _wait(self, log: TrainingLog) -> None:
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
        self._acting_parameters = parameters
        self._acting.act_with(parameters)


def _network(env: EnvFacts, settings: DQNSettings, outputs: int) -> Network:
    options = NetworkOptions(settings.hidden, settings.activation, settings.layer_norm)
    network = make_network(settings.network, env, outputs, options, for_frames="nature")
    if settings.layer_norm and network.observations != "vector":
        raise ConfigError("agent.layer_norm", True, "false: the network is convolutional")
    return dueling.widened(network) if settings.dueling else network


def _check_priorities(env: EnvFacts, settings: DQNSettings) -> None:
    if env.frames and settings.new_priority == "error":
        takes = "greatest: on frames a transition is only put together when it is drawn"
        raise ConfigError("agent.new_priority", "error", takes)


def _memory(
    facts: EnvFacts, settings: DQNSettings, dimensions: int, priorities: Priorities | None
) -> Memory:
    if facts.frames:
        return FrameMemory(
            settings.replay_capacity_steps,
            facts.observation_shape,
            num_lanes=settings.lanes,
            action_dimensions=dimensions,
            n_step=settings.n_step,
            discount=settings.discount,
            priorities=priorities,
        )
    shape, dtype = facts.observation_shape, facts.observation_dtype
    replay = Replay(settings.replay_capacity_steps, shape, dimensions, dtype)
    return VectorMemory(replay, priorities)
