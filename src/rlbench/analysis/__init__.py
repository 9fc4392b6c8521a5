"""Statistics for comparing agents, numbers only: usable on plain arrays without a run of rlbench.

Times that may be censored (runs that had not reached a level when they ended):

    >>> from rlbench.analysis import CensoredTimes, restricted_mean, time_ratio
    >>> slow = CensoredTimes([30.0, 42.0, 60.0], [True, True, False])  # the third gave up at 60 s
    >>> fast = CensoredTimes([10.0, 12.0, 11.0], [True, True, True])
    >>> restricted_mean(slow, horizon=60.0)
    44.0
    >>> round(time_ratio(baseline=slow, challenger=fast).ratio, 2)
    3.82

Scores of several runs (rows) on several tasks (columns), after Agarwal et al. 2021:

    >>> from rlbench.analysis import aggregate_scores, probability_of_improvement
    >>> ours, theirs = [[0.9, 0.4], [1.1, 0.6]], [[0.5, 0.4], [0.7, 0.2]]
    >>> round(aggregate_scores(ours)["iqm"].value, 3)
    0.75
    >>> probability_of_improvement(ours, theirs).value
    0.9375

Returns over time, averaged on the real times of the evaluations:

    >>> from rlbench.analysis import mean_curve
    >>> mean_curve([([0.0, 2.0], [1.0, 3.0]), ([0.0, 1.0], [1.0, 5.0])], end=2.0).mean.tolist()
    [1.0, 3.0, 4.0]

All intervals are 95 % intervals; what is drawn comes from a fixed generator, so the same input
gives the same interval. docs/statistics.md says how well each covers, and where there is none.
"""

from rlbench.analysis.mean_curves import MeanCurve, mean_curve
from rlbench.analysis.mean_ratios import geometric_mean
from rlbench.analysis.permutation import log_rank
from rlbench.analysis.quantiles import share_interval
from rlbench.analysis.score_statistics import (
    ScoreEstimate,
    ScoreProfile,
    aggregate_scores,
    performance_profile,
    probability_of_improvement,
)
from rlbench.analysis.survival import (
    CensoredTimes,
    ProductLimit,
    median,
    median_interval,
    product_limit,
    restricted_mean,
)
from rlbench.analysis.time_ratios import TimeRatio, time_ratio

__all__ = [
    "CensoredTimes",
    "MeanCurve",
    "ProductLimit",
    "ScoreEstimate",
    "ScoreProfile",
    "TimeRatio",
    "aggregate_scores",
    "geometric_mean",
    "log_rank",
    "mean_curve",
    "median",
    "median_interval",
    "performance_profile",
    "probability_of_improvement",
    "product_limit",
    "restricted_mean",
    "share_interval",
    "time_ratio",
]
