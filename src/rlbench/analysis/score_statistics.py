"""Both agents over all environments: scores put together, with stratified bootstrap intervals.

Agarwal et al. 2021 (arXiv 2108.13264): interquartile mean, optimality gap, performance profiles,
probability of improvement. Seeds are resampled within each environment and agent, environments
never: an interval speaks of these environments and of no others. Every environment weighs the
same, however many seeds it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlbench.analysis.bootstrap import percentile_interval, weights_of_strata
from rlbench.analysis.normalized_scores import ContestScores
from rlbench.runs.records import FloatArray

AGENTS = ("es", "dqn")
SIDES = {"es": "challenger", "dqn": "baseline"}
STATISTICS = ("iqm", "median", "mean", "optimality_gap")
PROFILE_POINTS = 121


@dataclass(frozen=True)
class Estimate:
    """One number over all environments."""

    suite: str
    agent: str  # of the probability of improvement: the one that improves on the other
    statistic: str
    value: float
    low: float | None
    high: float | None
    n_environments: int
    n_runs: int
    reason: str  # why there is no interval; else empty


@dataclass(frozen=True)
class Profile:
    """The share of an agent's runs whose score is above tau, environments weighing the same."""

    suite: str
    agent: str
    tau: FloatArray  # [T]
    share: FloatArray  # [T]
    low: FloatArray  # [T], NaN without an interval
    high: FloatArray  # [T]


@dataclass(frozen=True)
class Strata:
    """One agent's scores with their resampling, environments side by side."""

    parts: tuple[FloatArray, ...]  # an environment's scores  # each [n_e]
    weights: tuple[FloatArray, ...]  # how often each was drawn  # each [B, n_e]

    @property
    def scores(self) -> FloatArray:
        """All scores.  # [N]"""
        return np.concatenate(self.parts)

    @property
    def shares(self) -> FloatArray:
        """What each run counts in each resample: rows sum to 1, environments alike.  # [B, N]"""
        scaled = [w / (len(self.parts) * w.shape[1]) for w in self.weights]
        return np.concatenate(scaled, axis=1)

    def plain(self) -> Strata:
        """Every run once: the statistic itself as the only resample."""
        return Strata(self.parts, tuple(np.ones((1, len(part))) for part in self.parts))


def strata(scores: Sequence[ContestScores]) -> dict[str, Strata]:
    """The resampling of both agents, every environment and agent drawn independently."""
    parts = {
        agent: tuple(s[~np.isnan(s)] for s in (getattr(found, SIDES[agent]) for found in scores))
        for agent in AGENTS
    }
    counts = tuple(len(part) for agent in AGENTS for part in parts[agent])
    weights = weights_of_strata(counts)
    return {
        agent: Strata(parts[agent], weights[i * len(scores) : (i + 1) * len(scores)])
        for i, agent in enumerate(AGENTS)
    }


def interquartile_mean(scores: FloatArray, shares: FloatArray) -> FloatArray:
    """The mean of the middle half: a quarter of the weight is cut off at either end.

    Where a quarter does not fall between two runs, the run it cuts through counts in part.

    Args:
        scores: of all runs.  # [N]
        shares: what each counts, rows summing to 1.  # [B, N]
    """
    order = np.argsort(scores, kind="stable")
    until = np.cumsum(shares[:, order], axis=1)  # [B, N]
    before = np.concatenate([np.zeros((len(until), 1)), until[:, :-1]], axis=1)
    kept = np.clip(until, 0.25, 0.75) - np.clip(before, 0.25, 0.75)
    means: FloatArray = kept @ scores[order] / kept.sum(axis=1)
    return means


def statistic(name: str, agent: Strata) -> FloatArray:
    """One of STATISTICS for each resample.  # [B]

    `median` and `mean` are those over environments of their mean scores; `optimality_gap` is the
    mean of max(0, 1 - score): how far runs fall short of 1, with nothing gained beyond it.
    """
    if name == "iqm":
        return interquartile_mean(agent.scores, agent.shares)
    if name == "optimality_gap":
        gap: FloatArray = agent.shares @ np.maximum(0.0, 1.0 - agent.scores)
        return gap
    means = np.stack(
        [w @ s / len(s) for s, w in zip(agent.parts, agent.weights, strict=True)], axis=1
    )  # [B, E]
    found = np.median(means, axis=1) if name == "median" else np.mean(means, axis=1)
    return np.asarray(found, dtype=np.float64)


def probability_of_improvement(better: Strata, worse: Strata) -> FloatArray:
    """The chance that a run of one agent scores more than one of the other, ties half.  # [B]

    The mean over environments of the Mann-Whitney statistic over the number of pairs.
    """
    wins = [
        (s[:, None] > other) + 0.5 * (s[:, None] == other)
        for s, other in zip(better.parts, worse.parts, strict=True)
    ]
    return mean_of_pairs(wins, better.weights, worse.weights)


def mean_of_pairs(
    wins: Sequence[FloatArray], ours: Sequence[FloatArray], theirs: Sequence[FloatArray]
) -> FloatArray:
    """The mean over environments of the mean over pairs of runs, for each resample.  # [B]

    Args:
        wins: for each environment what a pair of runs counts.  # each [n, m]
        ours: how often each run of the first was drawn.  # each [B, n]
        theirs: how often each of the second.  # each [B, m]
    """
    chances = [
        ((w @ won) * w_other).sum(axis=1) / won.size
        for won, w, w_other in zip(wins, ours, theirs, strict=True)
    ]
    return np.asarray(np.mean(chances, axis=0), dtype=np.float64)


def estimates(suite: str, scores: Sequence[ContestScores]) -> Iterator[Estimate]:
    """All statistics of both agents, then the probability that ES improves on DQN."""
    both = strata(scores)
    reason = no_interval_reason(scores)

    def estimate(agent: str, name: str, value: FloatArray, resampled: FloatArray) -> Estimate:
        interval = None if reason else percentile_interval(resampled)
        low, high = interval or (None, None)
        counted = [agent] if name in STATISTICS else list(AGENTS)
        n_runs = sum(len(part) for a in counted for part in both[a].parts)
        return Estimate(suite, agent, name, float(value[0]), low, high, len(scores), n_runs, reason)

    for agent in AGENTS:
        for name in STATISTICS:
            plain = statistic(name, both[agent].plain())
            yield estimate(agent, name, plain, statistic(name, both[agent]))
    es, dqn = both["es"], both["dqn"]
    yield estimate(
        "es",
        "probability_of_improvement",
        probability_of_improvement(es.plain(), dqn.plain()),
        probability_of_improvement(es, dqn),
    )


def profiles(suite: str, scores: Sequence[ContestScores]) -> Iterator[Profile]:
    """The performance profile of both agents on the same values of tau."""
    both = strata(scores)
    every = np.concatenate([part.scores for part in both.values()])
    # A few extreme scores shall not press all others together: the axis ends at 2 and -1.
    low, high = max(min(0.0, float(every.min())), -1.0), min(max(1.0, float(every.max())), 2.0)
    tau = np.linspace(low - 0.05, high + 0.05, PROFILE_POINTS)
    reason = no_interval_reason(scores)
    for agent in AGENTS:
        above = (both[agent].scores[:, None] > tau).astype(np.float64)  # [N, T]
        share = (both[agent].plain().shares @ above)[0]
        limits = np.full((2, len(tau)), np.nan)
        if not reason:
            resampled = np.sort(both[agent].shares @ above, axis=0)  # [B, T]
            tail = int(np.floor(0.025 * (len(resampled) - 1)))
            limits = resampled[[tail, len(resampled) - 1 - tail]]
        yield Profile(suite, agent, tau, share, limits[0], limits[1])


def no_interval_reason(scores: Sequence[ContestScores]) -> str:
    """Why no interval can be given: a stratum of one seed would count as certain."""
    for found in scores:
        for agent in AGENTS:
            if np.count_nonzero(~np.isnan(getattr(found, SIDES[agent]))) < 2:
                return f"one seed of {agent} on {found.env}, so no interval"
    return ""
