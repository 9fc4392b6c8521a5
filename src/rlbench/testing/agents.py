"""Whether a class is an agent as `rlbench.interfaces.Agent` says: what it must do so that its runs
can be counted, repeated, resumed and compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from importlib.metadata import EntryPoint
from typing import Any

from rlbench.agents import AGENTS
from rlbench.checking import check
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError
from rlbench.harness.plan import AGENT_ATTRIBUTES
from rlbench.harness.resources import Resources
from rlbench.interfaces import Agent, AgentParameters
from rlbench.registry import import_failure
from rlbench.settings import EnvSettings
from rlbench.testing.policies import act, check_policy
from rlbench.testing.rules import (
    check_identity,
    no_writes_to_the_state,
    own_random_numbers,
    read_only,
    require,
    require_same,
    state_of,
)
from rlbench.testing.states import first_difference
from rlbench.testing.trials import Outcome, Subject, Trial, trial_of

CHUNKS = (1, 7, 64, 200)  # steps asked for in one call of `advance`, over and over
PIECES = 20  # of `env_steps`; after each it is seen whether the policy has changed
LONGEST = 20  # times `env_steps`: how long a change of the policy is waited for
STOP_SLACK_STEPS = 50_000  # a generation may end first: what is begun may be finished


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
    the check short. env_steps: of one training, enough for the agent to learn several times; where
    that is too few, resuming is checked over more, up to 20 times as many before the state is saved
    and after. executors: with which an agent that uses executors must learn the same as in one
    process.

    Raises ConfigError where the agent cannot be imported or does not take the settings.

    >>> from rlbench.testing import check_agent
    >>> check_agent("random", "CartPole-v1", env_steps=100)
    """
    agent_class = _load(agent)
    _check_contract(agent_class)
    checked = check(agent_class.Settings, dict(settings or {}), "agent")
    subject = Subject(agent_class, checked, plan_env(EnvSettings(id=env)), env_steps)
    check_identity(checked)
    _check_memory(subject)
    whole = _check_training(subject)
    _check_repeats(subject, whole)
    _check_cuts(subject, whole)
    check_policy(subject)
    _check_resumes(subject, whole)
    _check_stops(subject, whole)
    if agent_class.uses_executor:
        for executor in executors:
            _check_executor(subject, whole, executor)


def _load(agent: str | type[Agent]) -> type[Agent]:
    if not isinstance(agent, str):
        return agent
    if agent in AGENTS or not ({":", "."} & set(agent)):
        return AGENTS[agent]
    module, _, name = agent.rpartition(":" if ":" in agent else ".")
    try:
        loaded: type[Agent] = EntryPoint("agent", f"{module}:{name}", "").load()
    except (Exception, SystemExit) as error:  # a module may raise anything
        failed = import_failure(error)
        takes = f"package.module:Class, or the name of an agent that is installed ({failed})"
        raise ConfigError("agent", agent, takes) from error
    return loaded


def _check_contract(agent_class: type[Agent]) -> None:
    for name in AGENT_ATTRIBUTES:
        require(hasattr(agent_class, name), f"{agent_class}: has no {name!r}")
    settings, version = agent_class.Settings, agent_class.version
    require(
        isinstance(settings, type) and issubclass(settings, AgentParameters),
        f"Settings: {settings} does not derive from rlbench.interfaces.AgentParameters",
    )
    require(type(version) is int and version >= 1, f"version: {version!r} is no number from 1 on")
    uses = agent_class.uses_executor
    require(isinstance(uses, bool), f"uses_executor: {uses!r} is neither True nor False")


def _check_memory(subject: Subject) -> None:
    facts, settings = subject.plan.facts, subject.settings
    memory = subject.agent_class.memory_mb(facts, settings, workers=1)
    known = isinstance(memory, (int, float)) and math.isfinite(memory) and memory >= 0
    require(memory is None or known, f"memory_mb: gives {memory!r}, not a number or None")


def _check_training(subject: Subject) -> Outcome:
    """One call of `advance` for all steps."""
    with trial_of(subject) as trial:
        trial.advance_to(subject.env_steps)
        whole = trial.outcome()
        require(
            trial.watch.env_steps == trial.steps(),
            f"lanes.counts: {trial.steps()} steps, not the {trial.watch.env_steps} that were taken",
        )
        require_same("get_state: changes what it returns", whole.state, state_of(trial.agent))
        return whole


def _check_repeats(subject: Subject, whole: Outcome) -> None:
    env_draws = subject.env_draws_globally()
    with trial_of(subject) as trial:
        with nullcontext() if env_draws else own_random_numbers("advance"):
            trial.advance_to(subject.env_steps)
        again = trial.outcome()
    require_same("not repeatable: one seed led to two states", whole.state, again.state)
    require(whole.trace == again.trace, "not repeatable: one seed led to other actions")
    with trial_of(subject, seed=1) as trial:
        trial.advance_to(subject.env_steps)
        require(
            trial.watch.trace() != whole.trace,
            "another seed led to the same actions and episodes: random numbers and reset seeds "
            "come from context.seeds",
        )


def _check_cuts(subject: Subject, whole: Outcome) -> None:
    with trial_of(subject) as trial:
        trial.advance_to(subject.env_steps, CHUNKS)
        pieces = trial.outcome()
    same = "advance: what is learned depends on how the steps are cut into calls"
    require(whole.env_steps == pieces.env_steps, f"{same} ({pieces.env_steps} steps in pieces)")
    require_same(same, whole.state, pieces.state)


def _check_resumes(subject: Subject, whole: Outcome) -> None:
    """An agent that goes on from a state, saved after it had learned, learns on as one that was
    never stopped."""
    with trial_of(subject) as trial:
        _learn(trial, subject, subject.env_steps // 2)
        half, done = state_of(trial.agent), trial.steps()
        _learn(trial, subject, max(whole.env_steps, done + 1))
        if trial.steps() > whole.env_steps:
            whole = trial.outcome()
    with trial_of(subject) as trial, no_writes_to_the_state():
        trial.watch.may_replay = True
        trial.agent.set_state(read_only(half))
        require(trial.steps() == 0, "set_state: counts steps, which were counted before")
        same = "set_state: the state is not complete"
        require_same(f"{same}, as get_state returns another", half, state_of(trial.agent))
        trial.advance_to(whole.env_steps - done)
        require_same(f"{same}, as it went on otherwise", whole.state, state_of(trial.agent))
        resumed = trial.watch.trace()
    with trial_of(subject) as trial:
        trial.advance_to(whole.env_steps - done)
        require(
            trial.watch.trace() != resumed,
            f"{same}, as it began again with the seeds and actions of the first steps",
        )


def _learn(trial: Trial, subject: Subject, env_steps: int) -> None:
    """Train until so many steps are counted, and on until the policy has changed.

    What an agent has forgotten shows only where it learned before, and learns again after. One
    whose policy never changes may have come to its end; but none is made of numbers that no
    training changes, unless the training is too short.
    """
    begun, before = trial.steps(), _numbers(trial)
    most = max(env_steps, begun + LONGEST * subject.env_steps)
    trial.advance_to(env_steps)
    while before and first_difference(before, _numbers(trial)) is None:
        if trial.steps() >= most:
            too_few = f"advance: the policy is the same after {most} steps as before any, so "
            too_few += f"resuming cannot be checked: give `env_steps` (now {subject.env_steps}) or "
            require(begun > 0, f"{too_few}`settings` with which the agent learns")
            return
        trial.advance_to(trial.steps() + max(subject.env_steps // PIECES, 1))


def _numbers(trial: Trial) -> dict[str, Any]:
    """What may be learned of a policy."""
    arrays = trial.agent.policy().arrays()
    return {name: array.copy() for name, array in arrays.items() if name != "architecture"}


def _check_stops(subject: Subject, whole: Outcome) -> None:
    """`should_stop` ends `advance` at any place, and changes nothing of what is learned."""
    for stop_after in (1, subject.env_steps // 2):
        with trial_of(subject) as trial:
            trial.stop_after = stop_after
            trial.watch.stop_at = subject.env_steps + STOP_SLACK_STEPS
            trial.agent.advance(10 * trial.watch.stop_at)
            stopped, taken = state_of(trial.agent), trial.steps()
            act(trial.agent.policy(), subject.observations())
            if taken > whole.env_steps:  # beyond all that it could be compared with
                continue
            trial.stop_after = trial.watch.stop_at = None
            trial.watch.may_replay = True  # what was counted before and is not thrown away
            _check_goes_on(trial, whole, whole.env_steps, taken)
        with trial_of(subject) as trial:
            trial.watch.may_replay = True
            trial.agent.set_state(stopped)
            _check_goes_on(trial, whole, whole.env_steps - taken, taken)


def _check_goes_on(trial: Trial, whole: Outcome, env_steps: int, thrown: int) -> None:
    """After a stop the agent comes to the state of `whole`: at `env_steps`, and later by as many
    steps as it has thrown away, which are at most `thrown`."""
    trial.advance_to(env_steps)
    while (other := first_difference(whole.state, state_of(trial.agent))) is not None:
        told = "should_stop: going on after a stop, the agent learns otherwise than without one"
        require(trial.steps() < env_steps + thrown, f"{told} ({other})")
        trial.advance_to(trial.steps() + 1)


def _check_executor(subject: Subject, whole: Outcome, executor: str) -> None:
    resources = Resources(subject.plan, executor=executor, workers=2)
    try:
        agent = subject.agent_class(resources.context(0), subject.settings)
        while (done := resources.counts().env_steps) < subject.env_steps:
            agent.advance(subject.env_steps - done)
        state, done = state_of(agent), resources.counts().env_steps
        agent.close()
    finally:
        resources.close()
    other = f"executor {executor}: learns otherwise than in one process"
    require(done == whole.env_steps, f"{other} ({done} steps, not {whole.env_steps})")
    require_same(other, whole.state, state)
