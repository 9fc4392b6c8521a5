"""Whether the machine became slower or faster while a sweep ran, or was not the same one.

A run's own speed says little: episodes grow longer and updates begin as an agent learns. So runs
of the same setup are compared over the same stretch of steps, and what is left is looked at in
the order in which the runs were started. Seeds differ too, but not with the hour of the day, and
by chance not alike for different agents.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from rlbench.analysis.groups import EnvironmentGroups, Group
from rlbench.runs.records import FloatArray, Run

MIN_RUNS = 10  # fewer runs than this show no trend
MAX_P = 0.01
MIN_CHANGE = 0.10  # from the first to the last run: a smaller drift changes no conclusion
MIN_GAIN = 1.5  # of every agent, from one seed to another
MIN_COMMON_S = 60.0  # below that, how long the first episodes are decides the speed


@dataclass(frozen=True)
class Drift:
    """The trend of speed over all runs of one machine, in the order of their starts."""

    machine: str
    n_runs: int
    change: float  # of speed from the first to the last run: -0.2 is a fifth slower
    correlation: float  # Spearman's
    p: float  # two-sided, of no trend

    @property
    def is_flagged(self) -> bool:
        """Whether the drift is beyond chance and large enough to matter."""
        return self.p < MAX_P and abs(self.change) > MIN_CHANGE


@dataclass(frozen=True)
class UnevenSeeds:
    """Two seeds of an environment of which one ran faster with every agent."""

    env: str
    agents: tuple[str, ...]  # labels of groups: those that trained long enough to be timed
    faster: int
    slower: int
    least: float  # of the agents' speeds with the faster seed over those with the slower one
    most: float
    systems_differ: bool  # the two seeds' memory or operating system, where both are known

    @property
    def is_flagged(self) -> bool:
        """Whether this is more than seeds differ by themselves."""
        return self.least >= MIN_GAIN


def speeds_of_thirds(run: Run) -> tuple[float, float] | None:
    """Steps per training second in the first and in the last third of a run's steps.

    None where fewer than four evaluations say when.
    """
    steps, train_s = run.evaluations.env_steps, run.evaluations.train_s
    if len(steps) < 4 or steps[-1] <= 0.0:
        return None
    third = float(steps[-1]) / 3.0
    at = np.interp([0.0, third, 2.0 * third, 3.0 * third], steps, train_s)
    first_s, last_s = float(at[1] - at[0]), float(at[3] - at[2])
    return (third / first_s, third / last_s) if first_s > 0.0 and last_s > 0.0 else None


def common_stretch_s(group: Group) -> tuple[float, dict[PurePath, float]]:
    """The steps that all runs of a group took, and the training seconds that each needed for them.

    Between evaluations time is taken to pass evenly. Runs with one evaluation or none are left out.
    """
    runs = [run for run in group.runs if len(run.evaluations) > 1]
    common = min((float(run.evaluations.env_steps[-1]) for run in runs), default=0.0)
    needed = {
        run.path: float(np.interp(common, run.evaluations.env_steps, run.evaluations.train_s))
        for run in runs
    }
    return common, {path: seconds for path, seconds in needed.items() if seconds > 0.0}


def relative_speeds(group: Group) -> dict[PurePath, float]:
    """Each run's steps per training second over the steps that all took, over the group's median.

    Empty with fewer than two runs.
    """
    common, needed = common_stretch_s(group)
    if len(needed) < 2 or common <= 0.0:
        return {}
    speeds = {path: common / seconds for path, seconds in needed.items()}
    median = float(np.median(list(speeds.values())))
    return {path: speed / median for path, speed in speeds.items()}


def uneven_seeds(environment: EnvironmentGroups) -> UnevenSeeds | None:
    """The two seeds with the largest gain in speed that every agent shares; None where fewer than
    two agents have two seeds in common, each with a minute of training on the common steps."""
    speeds, systems = {}, defaultdict(set)
    for group in environment.contenders:
        _, needed = common_stretch_s(group)
        if len(needed) > 1 and min(needed.values()) >= MIN_COMMON_S:
            timed = [run for run in group.runs if run.path in needed]
            speeds[group.label] = {run.seed: 1.0 / needed[run.path] for run in timed}
            for run in timed:
                if run.machine.memory_mb is not None and run.machine.platform:
                    systems[run.seed].add((run.machine.memory_mb, run.machine.platform))
    found = largest_shared_gain([*speeds.values()]) if len(speeds) > 1 else None
    if found is None:
        return None
    faster, slower, least, most = found
    known = systems[faster] and systems[slower]
    differ = bool(known) and systems[faster].isdisjoint(systems[slower])
    return UnevenSeeds(environment.env, tuple(speeds), faster, slower, least, most, differ)


def largest_shared_gain(
    speeds: Sequence[Mapping[int, float]],
) -> tuple[int, int, float, float] | None:
    """The faster and the slower of two seeds, and the least and the largest gain of the agents,
    whose speeds are given by seed; None where they have fewer than two seeds in common.

    Of all pairs the one with the largest least gain.
    """
    seeds = sorted(set.intersection(*(set(of_agent) for of_agent in speeds)))
    found = []
    for faster, slower in itertools.permutations(seeds, 2):
        gains = [of_agent[faster] / of_agent[slower] for of_agent in speeds]
        found.append((faster, slower, min(gains), max(gains)))
    return max(found, key=lambda pair: pair[2], default=None)


def drifts(environments: Sequence[EnvironmentGroups]) -> Iterator[Drift]:
    """The trend on each machine with enough runs; random agents' runs are too short to time."""
    by_machine: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for environment in environments:
        for group in environment.contenders:
            speeds = relative_speeds(group)
            for run in group.runs:
                if run.started_at and run.path in speeds:
                    start = (run.started_at, run.path.as_posix(), speeds[run.path])
                    by_machine[run.cpu_model].append(start)
    for machine in sorted(by_machine):
        started = sorted(by_machine[machine])
        if len(started) >= MIN_RUNS:
            yield trend(machine, np.array([speed for _, _, speed in started]))


def trend(machine: str, speeds: FloatArray) -> Drift:
    """The trend of relative speeds in the order of their starts.

    Spearman's rank correlation with the order, its p-value from the normal approximation
    z = rho sqrt(n - 1), and the slope of log speed by least squares.
    """
    n = len(speeds)
    order = np.arange(n, dtype=np.float64)
    if np.ptp(speeds) == 0.0:
        return Drift(machine, n, 0.0, 0.0, 1.0)
    ranks = average_ranks(speeds)
    correlation = float(np.corrcoef(order, ranks)[0, 1])
    p = math.erfc(abs(correlation) * math.sqrt(n - 1) / math.sqrt(2.0))
    slope = float(np.polyfit(order / (n - 1), np.log(speeds), 1)[0])
    return Drift(machine, n, math.exp(slope) - 1.0, correlation, p)


def average_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 up, ties sharing their average.  # [n]"""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2.0)[which]
    return ranks
