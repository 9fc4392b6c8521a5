"""Whether a class is an agent as `rlbench.interfaces.Agent` says: what it must do so that its runs
can be counted, repeated, resumed and compared."""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np

from rlbench.agents import AGENTS
from rlbench.checking import check
from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError
from rlbench.harness.plan import AGENT_ATTRIBUTES
from rlbench.harness.resources import Resources
from rlbench.interfaces import Agent, AgentParameters, Array, Policy, State
from rlbench.settings import EnvSettings
from rlbench.testing.states import first_difference, through_checkpoint
from rlbench.testing.watched import Watch, WatchedBuilder, wrong_actions

CHUNKS = (1, 7, 64, 200)  # steps asked for in one call of `advance`, over and over
STOP_SLACK_STEPS = 50_000  # a generation may end first: what is begun may be finished
POLICY_LANES = 5


def check_agent(
    agent: str | type[Agent],
    env: str = "CartPole-v1",
    *,
    settings: Mapping[str, Any] | None = None,
    env_steps: int = 600,
    executors: tuple[str, ...] = ("process",),
) -> None:
    """Train an agent several times for a moment, and raise AssertionError where it breaks a rule.

    agent: a class, "package.module:Class" (or with a dot, as in `_target_`), or the name of a
    registered agent. settings: what differs from the defaults of its `Settings`; small numbers keep
    the check short. env_steps: of one training, enough for the agent to learn several times.
    executors: with which an agent that uses executors must learn the same as in one process.

    Raises ConfigError where the agent cannot be imported or does not take the settings.

    >>> from rlbench.testing import check_agent
    >>> check_agent("random", "CartPole-v1", env_steps=100)
    """
    agent_class = _load(agent)
    _check_contract(agent_class)
    checked = check(agent_class.Settings, dict(settings or {}), "agent")
    subject = _Subject(agent_class, checked, plan_env(EnvSettings(id=env)), env_steps)
    _check_memory(subject)
    whole = _check_training(subject)
    _check_repeats(subject, whole)
    _check_cuts(subject, whole)
    _check_resumes(subject, whole)
    _check_policy(subject)
    _check_stops(subject)
    if agent_class.uses_executor:
        for executor in executors:
            _check_executor(subject, whole, executor)


@dataclass(frozen=True)
class _Subject:
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


@dataclass(frozen=True)
class _Outcome:
    """What a training has led to: the state as a checkpoint has it, and all seeds and actions."""

    state: State
    trace: str
    env_steps: int


class _Trial:
    """An agent that has been built as the harness builds it, on lanes that are watched."""

    def __init__(self, subject: _Subject, seed: int, should_stop: Callable[[], bool]) -> None:
        self.watch, facts = Watch(), subject.plan.facts
        builder = WatchedBuilder(subject.plan.builder, facts.action, self.watch)
        self.resources = Resources(replace(subject.plan, builder=builder))
        self.agent = subject.agent_class(
            self.resources.context(seed, should_stop), subject.settings
        )
        _require(self.steps() == 0, "__init__: takes steps, which belong into advance")

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
            _require(took >= asked, f"advance({asked}): took {took} steps, takes at least {asked}")
            _check_scalars(scalars)

    def outcome(self) -> _Outcome:
        return _Outcome(_state(self.agent), self.watch.trace(), self.steps())


@contextmanager
def _trial(
    subject: _Subject, seed: int = 0, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[_Trial]:
    trial = _Trial(subject, seed, should_stop)
    try:
        yield trial
        trial.agent.close()
    finally:
        trial.watch.agent_may_close = True
        trial.resources.close()


def _load(agent: str | type[Agent]) -> type[Agent]:
    if not isinstance(agent, str):
        return agent
    if agent in AGENTS or not ({":", "."} & set(agent)):
        return AGENTS[agent]
    module, _, name = agent.rpartition(":" if ":" in agent else ".")
    try:
        loaded: type[Agent] = EntryPoint("agent", f"{module}:{name}", "").load()
    except (ImportError, AttributeError, ValueError) as error:
        takes = f"package.module:Class, or the name of an agent that is installed ({error})"
        raise ConfigError("agent", agent, takes) from error
    return loaded


def _check_contract(agent_class: type[Agent]) -> None:
    for name in AGENT_ATTRIBUTES:
        _require(hasattr(agent_class, name), f"{agent_class}: has no {name!r}")
    settings, version = agent_class.Settings, agent_class.version
    _require(
        isinstance(settings, type) and issubclass(settings, AgentParameters),
        f"Settings: {settings} does not derive from rlbench.interfaces.AgentParameters",
    )
    _require(type(version) is int and version >= 1, f"version: {version!r} is no number from 1 on")
    uses = agent_class.uses_executor
    _require(isinstance(uses, bool), f"uses_executor: {uses!r} is neither True nor False")


def _check_memory(subject: _Subject) -> None:
    facts, settings = subject.plan.facts, subject.settings
    memory = subject.agent_class.memory_mb(facts, settings, workers=1)
    known = isinstance(memory, (int, float)) and math.isfinite(memory) and memory >= 0
    _require(memory is None or known, f"memory_mb: gives {memory!r}, not a number or None")


def _check_training(subject: _Subject) -> _Outcome:
    """One call of `advance` for all steps."""
    with _trial(subject) as trial:
        trial.advance_to(subject.env_steps)
        whole = trial.outcome()
        _require(
            trial.watch.env_steps == trial.steps(),
            f"lanes.counts: {trial.steps()} steps, not the {trial.watch.env_steps} that were taken",
        )
        _require_same("get_state: changes what it returns", whole.state, _state(trial.agent))
        return whole


def _check_repeats(subject: _Subject, whole: _Outcome) -> None:
    with _trial(subject) as trial:
        trial.advance_to(subject.env_steps)
        again = trial.outcome()
    _require_same("not repeatable: one seed led to two states", whole.state, again.state)
    _require(whole.trace == again.trace, "not repeatable: one seed led to other actions")
    with _trial(subject, seed=1) as trial:
        trial.advance_to(subject.env_steps)
        _require(
            trial.watch.trace() != whole.trace,
            "another seed led to the same actions and episodes: random numbers and reset seeds "
            "come from context.seeds",
        )


def _check_cuts(subject: _Subject, whole: _Outcome) -> None:
    with _trial(subject) as trial:
        trial.advance_to(subject.env_steps, CHUNKS)
        pieces = trial.outcome()
    same = "advance: what is learned depends on how the steps are cut into calls"
    _require(whole.env_steps == pieces.env_steps, f"{same} ({pieces.env_steps} steps in pieces)")
    _require_same(same, whole.state, pieces.state)


def _check_resumes(subject: _Subject, whole: _Outcome) -> None:
    with _trial(subject) as trial:
        trial.advance_to(subject.env_steps // 2)
        half, done = _state(trial.agent), trial.steps()
    with _trial(subject) as trial:
        trial.watch.may_replay = True
        trial.agent.set_state(half)
        _require(trial.steps() == 0, "set_state: counts steps, which were counted before")
        same = "set_state: the state is not complete"
        _require_same(f"{same}, as get_state returns another", half, _state(trial.agent))
        trial.advance_to(whole.env_steps - done)
        _require_same(f"{same}, as it went on otherwise", whole.state, _state(trial.agent))
        resumed = trial.watch.trace()
    with _trial(subject) as trial:
        trial.advance_to(whole.env_steps - done)
        _require(
            done == whole.env_steps or trial.watch.trace() != resumed,
            f"{same}, as it began again with the seeds and actions of the first steps",
        )


def _check_policy(subject: _Subject) -> None:
    """A policy of any class: what counts is how it acts, and that its arrays can be saved."""
    obs = subject.observations()
    with _trial(subject) as trial:
        trial.advance_to(subject.env_steps // 2)
        before = _state(trial.agent)
        policy = trial.agent.policy()
        shown = obs.copy()
        actions, arrays = _act(policy, obs), _saved_arrays(policy)
        wrong = wrong_actions(subject.plan.facts.action, actions, len(obs))
        _require(wrong is None, f"policy().act: {wrong}")
        if getattr(policy, "independent_lanes", False):
            each = np.concatenate([_act(policy, obs[i : i + 1]) for i in range(len(obs))])
            told = "policy().independent_lanes: an action depends on the lanes beside it"
            _require_same(told, actions, each)
        pure = "policy().act: not a function of obs and rng"
        _require_same(pure, actions, _act(policy, obs))
        _act(policy, obs[::-1])
        _require_same(pure, actions, _act(policy, obs))
        _require_same("policy().act: changes the observations", shown, obs)
        alone = wrong_actions(subject.plan.facts.action, _act(policy, obs[:1]), 1)
        _require(alone is None, f"policy().act of one lane: {alone}")
        _require_same("policy(): changes the agent's state", before, _state(trial.agent))
        trial.advance_to(2 * subject.env_steps)
        frozen = "policy(): changes while the agent learns on, and is to be a snapshot"
        _require_same(frozen, actions, _act(policy, obs))
        _require_same(f"{frozen} (arrays)", arrays, _saved_arrays(policy))


def _check_stops(subject: _Subject) -> None:
    """`should_stop` ends `advance`, whose state can be saved all the same."""
    watch: list[Watch] = []

    def stop() -> bool:
        return bool(watch) and watch[0].env_steps >= subject.env_steps // 2

    with _trial(subject, should_stop=stop) as trial:
        watch.append(trial.watch)
        trial.watch.stop_at = subject.env_steps + STOP_SLACK_STEPS
        trial.agent.advance(10 * trial.watch.stop_at)
        _state(trial.agent)
        _act(trial.agent.policy(), subject.observations())


def _check_executor(subject: _Subject, whole: _Outcome, executor: str) -> None:
    resources = Resources(subject.plan, executor=executor, workers=2)
    try:
        agent = subject.agent_class(resources.context(0), subject.settings)
        while (done := resources.counts().env_steps) < subject.env_steps:
            agent.advance(subject.env_steps - done)
        state, done = _state(agent), resources.counts().env_steps
        agent.close()
    finally:
        resources.close()
    other = f"executor {executor}: learns otherwise than in one process"
    _require(done == whole.env_steps, f"{other} ({done} steps, not {whole.env_steps})")
    _require_same(other, whole.state, state)


def _check_scalars(scalars: Any) -> None:
    _require(isinstance(scalars, dict), f"advance: returns {type(scalars).__name__}, not a dict")
    for name, value in scalars.items():
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        _require(isinstance(name, str) and number, f"advance: returns {name!r}: {value!r}")


def _state(agent: Agent) -> State:
    state = agent.get_state()
    _require(isinstance(state, dict), f"get_state: returns {type(state).__name__}, not a dict")
    try:
        return through_checkpoint(state)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"get_state: a checkpoint cannot hold it: {error}") from error


def _act(policy: Policy, obs: Array) -> Array:
    return np.array(policy.act(obs, np.random.default_rng(1)))


def _saved_arrays(policy: Policy) -> dict[str, Array]:
    """Copies of the arrays as policy.npz would hold them."""
    arrays = {name: np.array(array) for name, array in policy.arrays().items()}
    for name, array in arrays.items():
        usable = isinstance(name, str) and name not in ("file", "allow_pickle")
        _require(usable, f"policy().arrays: {name!r} cannot be a name in an .npz file")
        _require(not array.dtype.hasobject, f"policy().arrays: {name!r} is no array of numbers")
    try:
        described = isinstance(json.loads(str(arrays["architecture"])), dict)
    except (KeyError, ValueError):
        described = False
    _require(described, "policy().arrays: no JSON object under 'architecture'")
    return arrays


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _require_same(message: str, one: Any, other: Any) -> None:
    difference = first_difference(one, other)
    _require(difference is None, f"{message} ({difference})")
