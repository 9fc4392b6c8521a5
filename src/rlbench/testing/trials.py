"""An agent in training as the harness trains it, on lanes that are watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from rlbench.agents.random import UniformPolicy
from rlbench.envs.family import EnvPlan
from rlbench.harness.resources import Resources
from rlbench.interfaces import Agent, AgentParameters, Array, State
from rlbench.testing.rules import check_scalars, global_random_states, require, state_of
from rlbench.testing.watched import Watch, WatchedBuilder

POLICY_LANES = 5
PROBE_STEPS = 50


@dataclass(frozen=True)
class Subject:
    """What is checked, and on what."""

    agent_class: type[Agent]
    settings: AgentParameters
    plan: EnvPlan
    env_steps: int

    def observations(self) -> Array:
        """The first ones of a few episodes."""
        lanes = self.plan.lanes(POLICY_LANES)
        obs = lanes.reset(np.arange(POLICY_LANES), np.arange(POLICY_LANES))
        lanes.close()
        return obs

    def env_draws_globally(self) -> bool:
        """Whether the environment itself uses random numbers that all code of a process shares."""
        before, spec = global_random_states(), self.plan.facts.action
        lanes, one, rng = self.plan.lanes(1), np.array([0]), np.random.default_rng(0)
        policy = UniformPolicy(spec)
        obs = lanes.reset(one, one)
        for _ in range(PROBE_STEPS):
            obs, _, terminated, truncated = lanes.step(one, policy.act(obs, rng))
            if terminated[0] or truncated[0]:
                obs = lanes.reset(one, one)
        lanes.close()
        return global_random_states() != before


@dataclass(frozen=True)
class Outcome:
    """What a training has led to: the state as a checkpoint has it, and all seeds and actions."""

    state: State
    trace: str
    env_steps: int


class Trial:
    """An agent that has been built as the harness builds it, on lanes that are watched.

    stop_after: the steps after which `should_stop` is true; None: never.
    """

    def __init__(self, subject: Subject, seed: int) -> None:
        self.stop_after: int | None = None
        self.watch, facts = Watch(), subject.plan.facts
        builder = WatchedBuilder(subject.plan.builder, facts.action, self.watch)
        self.resources = Resources(replace(subject.plan, builder=builder))
        context = self.resources.context(seed, self._should_stop)
        self.agent = subject.agent_class(context, subject.settings)
        require(self.steps() == 0, "__init__: takes steps, which belong into advance")

    def steps(self) -> int:
        return self.resources.counts().env_steps

    def advance_to(self, env_steps: int, chunks: tuple[int, ...] = ()) -> None:
        """Train until so many steps are counted, in one call or in calls of `chunks` steps."""
        calls = 0
        while (missing := env_steps - self.steps()) > 0:
            asked = min(chunks[calls % len(chunks)], missing) if chunks else missing
            before, calls = self.steps(), calls + 1
            scalars = self.agent.advance(asked)
            took = self.steps() - before
            require(took >= asked, f"advance({asked}): took {took} steps, takes at least {asked}")
            check_scalars(scalars)

    def _should_stop(self) -> bool:
        return self.stop_after is not None and self.watch.env_steps >= self.stop_after

    def outcome(self) -> Outcome:
        return Outcome(state_of(self.agent), self.watch.trace(), self.steps())


@contextmanager
def trial_of(subject: Subject, seed: int = 0) -> Iterator[Trial]:
    """An agent to train, which is closed at the end."""
    trial = Trial(subject, seed)
    try:
        yield trial
        trial.agent.close()
    finally:
        trial.watch.agent_may_close = True
        trial.resources.close()
