"""Numbers of several figures in words, for a reader who cannot see them."""

from __future__ import annotations

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.wording import agent_name, amount, plural


def times_to_threshold(analysis: EnvironmentAnalysis) -> str:
    """How long each group took to what is solved, in training time."""
    parts = []
    for time in analysis.times:
        if not time.is_threshold or time.unit != "train_s":
            continue
        part = f"{agent_name(time.group)}: {time.n_reached} of {plural(time.n_runs, 'seed')}"
        if time.n_reached and time.restricted_mean is not None:
            part += f", mean {amount(time.restricted_mean, 'train_s')}"
        if time.n_reached and time.median is not None:
            part += f", median {amount(time.median, 'train_s')}"
        parts.append(part)
    return "; ".join(parts) or "no level is timed"
