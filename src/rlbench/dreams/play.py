"""Frames of a game, as a policy plays it."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass

import numpy as np

from rlbench.harness.machine import working_directory_kept
from rlbench.interfaces import Array, Policy
from rlbench.playing.conditions import Conditions
from rlbench.playing.episode import Step, episode_of
from rlbench.playing.evaluation import fitted, plan_of
from rlbench.seeding import Seeds

STEPS_APART = 8  # between two frames that are kept: neighbours are nearly equal
FRAMES = 128


@dataclass(frozen=True)
class Play:
    """Observations [N, *obs] uint8 of episodes, and the one that dreams may begin with: `start`
    [*obs] at step `step` of the first episode."""

    frames: Array
    start: Array
    step: int


def play(policy: Policy, conditions: Conditions, step: int | None) -> Play:
    """Frames of the first episodes of an evaluation. step: that of the frame to begin with; None:
    in the middle of what is kept of the first episode. An episode that ends before gives its last
    one. Raises ConfigError for a policy that does not suit the environment."""
    plan, cap = plan_of(conditions)
    policy = fitted(policy, plan.facts)
    seeds = Seeds(conditions.seed).child("evaluation")
    frames: list[Array] = []
    first: list[Step] = []
    with working_directory_kept(), contextlib.closing(plan.lanes(1, cap, threads=1)) as lanes:
        for number in itertools.count():
            for moment in episode_of(policy, lanes, plan.facts, seeds, number):
                if number == 0 and (step is None or moment.steps <= step):
                    if step is not None:
                        first.clear()
                    first.append(moment)
                if moment.steps % STEPS_APART == 0 and len(frames) < FRAMES:
                    frames.append(moment.obs)
                if len(frames) == FRAMES and (step is None or number or moment.steps >= step):
                    break
            if len(frames) == FRAMES:
                break
    chosen = first[-1] if step is not None else first[len(first) // 2]
    return Play(np.stack(frames), chosen.obs, chosen.steps)
