"""The TD errors of DQN's policies, in an episode that each of them plays."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np

from rlbench.errors import ReportError
from rlbench.interfaces import Array
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.conditions import Conditions
from rlbench.playing.evaluation import fitted, plan_of
from rlbench.playing.source import Source
from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.reading import UnreadableFileError, number
from rlbench.seeding import Seeds

AGENT = "dqn"
LIFE_LOSS = "life_loss_ends_episode"
MOST_STEPS = 10_000  # of an episode


@dataclass(frozen=True)
class Learning:
    """What a run learned from: how much the next value counts, whether rewards are clipped to
    [-1, 1], and whether a lost life counts as a termination."""

    discount: float
    clip_rewards: bool = False
    life_loss_ends_episode: bool = False


def learning_of(source: Source) -> Learning | None:
    """Of a run of DQN, as its files say; None for other agents. Raises ReportError where they do
    not say it."""
    if source.run is None or source.run.agent != AGENT:
        return None
    try:
        settings = read_configuration(source.run.directory).get("agent")
    except UnreadableFileError as error:
        raise ReportError(f"{CONFIGURATION} {error}") from None
    asked = settings if isinstance(settings, dict) else {}
    discount = number(asked.get("discount"), 0, 1)
    if discount is None:
        raise ReportError(f"{CONFIGURATION} has no agent.discount from 0 to 1")
    clipped, by_life = (asked.get(key) is True for key in ("clip_rewards", LIFE_LOSS))
    return Learning(discount, clipped, by_life)


def td_errors(policy: NetworkPolicy, conditions: Conditions, learning: Learning) -> Array:
    """r + discount * v(s') - v(s) for each step of the first episode of an evaluation [steps]. v(s)
    is the value of the action that the policy takes. v(s') is 0 after a termination.

    Raises ConfigError for a policy that does not suit the environment, and ReportError where its
    outputs are no values of choices.
    """
    plan, cap = plan_of(conditions)
    fitted(policy, plan.facts)
    if not isinstance(policy.head, ArgmaxHead):
        raise ReportError("the outputs of its network are no action values")
    seeds = Seeds(conditions.seed).child("evaluation")
    lane, values = np.zeros(1, np.int64), list[float]()
    rewards, bootstraps = list[float](), list[bool]()
    with contextlib.closing(plan.lanes(1, cap, 1)) as lanes:
        obs = lanes.reset(lane, np.array([seeds.episode_seed(0)]))
        over = False
        while not over and len(rewards) < MOST_STEPS:
            outputs = policy.outputs(obs)
            values.append(greedy_value(policy.head, outputs[0]))
            lives = 0 if lanes.lives is None else int(lanes.lives[0])
            obs, reward, ended, cut = lanes.step(lane, policy.head(outputs))
            lost = lanes.lives is not None and int(lanes.lives[0]) < lives
            rewards.append(float(reward[0]))
            bootstraps.append(not (ended[0] or (lost and learning.life_loss_ends_episode)))
            over = bool(ended[0] or cut[0])
        values.append(greedy_value(policy.head, policy.outputs(obs)[0]))
    value, learned = np.array(values), np.array(rewards)
    if learning.clip_rewards:
        learned = np.clip(learned, -1, 1)
    following = np.where(bootstraps, value[1:], 0.0)
    errors: Array = learned + learning.discount * following - value[:-1]
    return errors


def greedy_value(head: ArgmaxHead, outputs: Array) -> float:
    """The value of the best action: the mean over dimensions of their best utilities."""
    ends = np.cumsum(head.nvec)[:-1]
    return float(np.mean([part.max() for part in np.split(outputs, ends)]))
