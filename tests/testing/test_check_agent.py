"""The check of an agent passes those that keep the rules, and names the rule that one breaks."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from rlbench.errors import ConfigError
from rlbench.interfaces import ActionSpec
from rlbench.testing import agents, check_agent, first_difference
from support import broken_agents

ENV = "probe_envs:Counting-v0"


@pytest.mark.parametrize(
    "agent", ["HillClimber", "Shares", "ThrowsAway", "NotANumber", "Slashes", "Rare"]
)
def test_an_agent_with_another_policy_class_passes(agent: str) -> None:
    check_agent(f"support.broken_agents:{agent}", ENV, settings={"sigma": 0.3}, env_steps=200)


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ("NoVersion", "version: 'one' is no number"),
        ("NoSettings", "does not derive from rlbench.interfaces.AgentParameters"),
        ("Forgets", "memory_mb: gives 'much'"),
        ("Eager", "__init__: takes steps"),
        ("Miscounts", r"lanes.counts: \d+ steps, not the \d+ that were taken"),
        ("SqueezedPolicy", "act of one lane: actions of shape"),
        ("TogetherPolicy", "independent_lanes: an action depends on the lanes beside it"),
        ("Complex", "advance: returns 'phase'"),
        ("Lazy", r"advance\(200\): took 1\d\d steps, takes at least 200"),
        ("Hidden", r"steps within lanes.uncounted\(\) that replay nothing"),
        ("WithoutLanes", r"took 0 steps"),
        ("Unseeded", "not repeatable: one seed led to two states"),
        ("OneSeed", "another seed led to the same actions and episodes"),
        ("Cut", "depends on how the steps are cut into calls"),
        ("Incomplete", "the state is not complete, as it went on otherwise"),
        ("RareAndForgetful", "the state is not complete, as it went on otherwise"),
        ("LongGenerations", "the state is not complete, as it went on otherwise"),
        ("TooRare", r"the same after 4000 steps as before any, .* `env_steps` \(now 200\)"),
        ("Restarts", "as it began again with the seeds and actions of the first steps"),
        ("Recounts", "set_state: counts steps"),
        ("Unsaved", "get_state: a checkpoint cannot hold it"),
        ("SpentState", "get_state: changes what it returns"),
        ("Live", r"policy\(\): changes while the agent learns on"),
        ("MoodyPolicy", "not a function of obs and rng"),
        ("SpoilingPolicy", "changes the observations"),
        ("NamelessPolicy", "no JSON object under 'architecture'"),
        ("ColumnsPolicy", r"policy\(\)\.act: actions of shape \(5, 1\), not \(5,\)"),
        ("Floats", "lanes.step: actions of type float64, not integers"),
        ("Overruns", "a lane whose episode has ended, or not begun"),
        ("Closes", "lanes belong to the harness"),
        ("Stubborn", r"goes on for long after should_stop\(\)"),
        ("Talks", "advance: returns 'mood': 'good'"),
        ("DropsAChange", "should_stop: going on after a stop, the agent learns otherwise"),
        ("LosesItsStop", "should_stop: going on after a stop, the agent learns otherwise"),
        ("NumpysGlobal", "advance: uses the global state of numpy.random"),
        ("PythonsGlobal", "advance: uses the global state of random"),
        ("DrawingPolicy", r"policy\(\).act: uses the global state of random"),
        ("ListingPolicy", r"policy\(\).act: returns list, not an array"),
        ("Lists", "lanes.step: actions of type list, not an array"),
        ("FlagsPolicy", r"policy\(\).act: actions of type bool, not integers"),
        ("Timed", "advance: returns 'took': np.timedelta64"),
        ("Long", "advance: returns 'best': np.longdouble"),
        ("Quotient", "advance: returns 'half': Fraction"),
        ("PathIdentity", "Settings.identity: gives no JSON values .*Path"),
        ("TupleIdentity", r"Settings.identity: gives .*\(1, 2\)"),
        ("NanIdentity", "Settings.identity: gives no JSON values"),
        ("WritesToState", "keeps an array of the state and writes to it"),
        ("NumberedKeys", "get_state: a checkpoint cannot hold it: /lanes: 0 is a key"),
        ("CountsWorkers", "executor process: learns otherwise than in one process"),
    ],
)
def test_a_broken_agent_fails_with_the_rule_that_it_breaks(agent: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_agent(getattr(broken_agents, agent), ENV, env_steps=200)


def test_the_example_of_the_documentation() -> None:
    assert doctest.testmod(agents) == (0, 2)


def test_an_agent_that_is_not_there_and_settings_that_are_not_taken() -> None:
    with pytest.raises(
        ConfigError,
        match="agent: got 'climber'; takes dqn, es, evosax, evotorch, random, sb3 or sbx",
    ):
        check_agent("climber")
    for name in ("support.broken_agents:Nope", "no_module:A", "support.broken_agents.Nope", ":A"):
        with pytest.raises(ConfigError, match=f"agent: got '{name}'; takes package.module:Class"):
            check_agent(name)
    with pytest.raises(AssertionError, match="version: 'one' is no number"):
        check_agent("support.broken_agents.NoVersion", ENV)
    with pytest.raises(ConfigError, match=r"agent\.sigma: got 0; takes a number above 0"):
        check_agent(broken_agents.HillClimber, settings={"sigma": 0})


def test_the_first_difference_of_two_states() -> None:
    state = {"a": [1, {"b": np.arange(3)}], "c": float("nan")}
    same = {"a": [1, {"b": np.arange(3)}], "c": float("nan")}
    assert first_difference(state, same) is None
    other = {"a": [1, {"b": np.array([0, 1, 3])}], "c": float("nan")}
    assert first_difference(state, other) == "/a/1/b: arrays of other values"
    assert first_difference({"a": 1}, {"a": 1.0}) == "/a: int against float"
    assert first_difference({"a": 1}, {"b": 1}) == "the state: the keys ['a'] against ['b']"
    floats = np.zeros(3, np.float32), np.zeros(3)
    assert first_difference(*floats) == "the state: float32 (3,) against float64 (3,)"


def test_what_actions_a_space_takes() -> None:
    discrete = ActionSpec("discrete", (3,))
    assert discrete.wrong(np.array([0, 2]), 2) is None
    assert discrete.wrong(np.array([0, 3]), 2) is not None
    assert discrete.wrong(np.array([0, -1]), 2) is not None
    several = ActionSpec("multi_discrete", (2, 5))
    assert several.wrong(np.array([[1, 4]]), 1) is None
    assert several.wrong(np.array([[4, 1]]), 1) is not None
    box = ActionSpec("box", (), (-1.0,), (1.0,))
    assert box.wrong(np.array([[7.5]]), 1) is None  # the lanes clip it
    assert box.wrong(np.array([[np.nan]]), 1) is not None
    assert box.wrong(np.array([[1]]), 1) is not None
