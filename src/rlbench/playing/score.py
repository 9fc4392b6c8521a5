"""What a policy scored in its run, as the log says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlbench.analysis.score_statistics import ScoreEstimate, aggregate_scores
from rlbench.playing.source import Source
from rlbench.runs.columns import Clock
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import LogFile, Row, kept_rows
from rlbench.runs.reading import MAX_RETURN, UnreadableFileError, number

MOST_EPISODES = 10_000  # of an evaluation that are looked at


@dataclass(frozen=True)
class Score:
    """An evaluation: its mean return with an interval over episodes, how many there were, and the
    run's clock then."""

    mean: ScoreEstimate
    episodes: int
    clock: Clock


def score_of(source: Source) -> Score | None:
    """The evaluation of this policy in its run: the last one, or the best; None where the log has
    none that can be used."""
    if source.run is None:
        return None
    found: Row | None = None
    try:
        for row in kept_rows(LogFile(source.run.directory / LOG)):
            mean = row.return_mean if row.kind == "eval" else None
            if mean is None:
                continue
            best = None if found is None else found.return_mean
            if source.is_last or best is None or mean > best:
                found = row
    except UnreadableFileError:
        return None
    return None if found is None else _score(found)


def _score(row: Row) -> Score | None:
    listed = row.returns if isinstance(row.returns, list) else []
    values = [number(each, -MAX_RETURN, MAX_RETURN) for each in listed[:MOST_EPISODES]]
    returns = np.array([value for value in values if value is not None])
    if not len(returns):
        return None
    return Score(aggregate_scores(returns[:, None])["mean"], len(returns), row.clock)
