"""Whether the policy of an agent keeps the rules of `rlbench.interfaces.Policy`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np

from rlbench.interfaces import Array, Policy
from rlbench.runs.directory import write_policy
from rlbench.testing.rules import own_random_numbers, require, require_same, state_of
from rlbench.testing.trials import Subject, trial_of


def check_policy(subject: Subject) -> None:
    """A policy of any class: what counts is how it acts, and that its arrays can be saved."""
    obs = subject.observations()
    with trial_of(subject) as trial:
        trial.advance_to(subject.env_steps // 2)
        before = state_of(trial.agent)
        policy = trial.agent.policy()
        shown = obs.copy()
        with own_random_numbers("policy().act"):
            actions = act(policy, obs)
        arrays = _saved_arrays(policy)
        wrong = subject.plan.facts.action.wrong(actions, len(obs))
        require(wrong is None, f"policy().act: {wrong}")
        if getattr(policy, "independent_lanes", False):
            each = np.concatenate([act(policy, obs[i : i + 1]) for i in range(len(obs))])
            told = "policy().independent_lanes: an action depends on the lanes beside it"
            require_same(told, actions, each)
        pure = "policy().act: not a function of obs and rng"
        require_same(pure, actions, act(policy, obs))
        act(policy, obs[::-1])
        require_same(pure, actions, act(policy, obs))
        require_same("policy().act: changes the observations", shown, obs)
        alone = subject.plan.facts.action.wrong(act(policy, obs[:1]), 1)
        require(alone is None, f"policy().act of one lane: {alone}")
        require_same("policy(): changes the agent's state", before, state_of(trial.agent))
        trial.advance_to(2 * subject.env_steps)
        frozen = "policy(): changes while the agent learns on, and is to be a snapshot"
        require_same(frozen, actions, act(policy, obs))
        require_same(f"{frozen} (arrays)", arrays, _saved_arrays(policy))


def act(policy: Policy, obs: Array) -> Array:
    """A copy of the policy's actions, with the same generator each time."""
    actions = policy.act(obs, np.random.default_rng(1))
    require(
        isinstance(actions, np.ndarray),
        f"policy().act: returns {type(actions).__name__}, not an array",
    )
    return actions.copy()


def _saved_arrays(policy: Policy) -> dict[str, Array]:
    """The arrays as they come out of policy.npz."""
    with tempfile.TemporaryDirectory(prefix="rlbench-check-") as place:
        path = Path(place, "policy.npz")
        try:
            write_policy(path, policy.arrays())
        except (TypeError, ValueError) as error:
            raise AssertionError(f"policy().arrays: a file cannot hold them: {error}") from error
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    try:
        described = isinstance(json.loads(str(arrays["architecture"])), dict)
    except (KeyError, ValueError):
        described = False
    require(described, "policy().arrays: no JSON object under 'architecture'")
    return arrays
