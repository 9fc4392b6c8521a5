"""One actor's play: steps of its lanes, and the experience that they come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.agents.dqn.actor import Actor, Ended
from rlbench.agents.dqn.frame_memory import FrameCollector
from rlbench.agents.dqn.memory import Collector, Experience, NStepCollector, Step
from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.replay import Transitions
from rlbench.agents.dqn.settings import DQNSettings
from rlbench.interfaces import Array, EnvFacts, Lanes, State
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.network import Layers, Network
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class ActorSetup:
    """What all actors of a run have in common; it can be sent to other processes."""

    env: EnvFacts
    settings: DQNSettings
    network: Network
    head: ArgmaxHead
    seeds: Seeds

    def collector(self) -> Collector:
        settings, env = self.settings, self.env
        if env.frames:
            return FrameCollector()
        return NStepCollector(
            NStepAssembler(
                settings.n_step,
                settings.discount,
                settings.num_lanes,
                env.observation_shape,
                len(self.head.nvec),
                env.observation_dtype,
            )
        )


def td_errors(
    network: Network, head: ArgmaxHead, layers: Layers, transitions: Transitions
) -> Array:
    """The TD errors [m] float32 of `transitions` [m, ...], with `layers` for both values."""
    starts = np.cumsum((0, *head.nvec[:-1]))

    def values(outputs: Array, choices: Array) -> Array:
        of_dimensions = np.take_along_axis(outputs, starts + choices, axis=1)
        mean: Array = of_dimensions.mean(axis=1)
        return mean

    # Row by row: a product of more rows has other last bits.
    outputs_tm1, outputs_t = (
        network.forward(layers, obs[:, None])[:, 0]
        for obs in (transitions.obs_tm1, transitions.obs_t)
    )
    best = values(outputs_t, head.choices(outputs_t))
    targets = transitions.rewards_t + transitions.discounts_t * best
    errors: Array = targets - values(outputs_tm1, transitions.actions_tm1)
    small: Array = errors.astype(np.float32)
    return small


class Player:
    """Actor number `number` of a run. Number 0 draws the random numbers of a run that has no other,
    the others streams of their own."""

    def __init__(self, lanes: Lanes, setup: ActorSetup, number: int = 0) -> None:
        self.number, self.network, self._settings = number, setup.network, setup.settings
        seeds = setup.seeds.child(f"actor {number}") if number else setup.seeds
        self._actor = Actor(lanes, setup.network, setup.head, seeds)
        self._collector, self._head = setup.collector(), setup.head
        self._gives_errors = self._settings.prioritized and self._settings.new_priority == "error"

    @property
    def steps(self) -> int:
        """How often all lanes have stepped."""
        return self._actor.steps

    @property
    def obs(self) -> Array:
        """The lanes' current observations [L, *obs]."""
        return self._actor.obs

    @property
    def returns(self) -> Array:
        """The lanes' returns [L] since their episodes began."""
        return self._actor.returns

    def step(self, layers: Layers) -> tuple[Step, Ended, Experience]:
        """Step every lane once with `layers` (see `Network.layers`); what happened, the episodes
        that it ended, and what is learned from."""
        settings = self._settings
        epsilon = settings.actor_epsilon(self.number, self.steps * settings.lanes)
        step, ended = self._actor.step(layers, epsilon)
        experience = self._collector.collect(self._as_learned(step))
        if self._gives_errors:
            errors = td_errors(self.network, self._head, layers, experience.transitions)
            experience = experience._replace(errors=errors)
        return step, ended, experience

    def digest(self) -> str:
        """Of the lanes' observations."""
        return self._actor.digest()

    def window(self) -> State | None:
        """What the collector keeps of the last steps."""
        return self._collector.get_state()

    def get_state(self) -> State:
        return {**self._actor.get_state(), "window": self.window()}

    def set_state(self, state: State) -> None:
        """See `Actor.set_state`."""
        self._actor.set_state(state)
        self._collector.set_state(state["window"])

    def _as_learned(self, step: Step) -> Step:
        """The step as learning sees it: rewards clipped and a life counted as an episode, where
        that is asked for."""
        if self._settings.clip_rewards:
            step = step._replace(rewards_t=np.clip(step.rewards_t, -1.0, 1.0))
        if self._settings.life_loss_ends_episode:
            step = step._replace(terminated=step.terminated | step.lost_life)
        return step
