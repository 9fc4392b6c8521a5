"""The mean returns that are timed on Atari and MuJoCo, from published scores."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlbench.published import table
from rlbench.published.atari import atari_game, reference_scores
from rlbench.published.papers import humanoid_record

ATARI_FRACTIONS = (0.1, 0.25, 0.5, 1.0)  # of the way from random play to a human tester
SOLVED_ATARI_FRACTION = 0.5
SOLVED_MUJOCO_PERCENT = 50


@dataclass(frozen=True)
class Levels:
    """threshold: the mean return that means solved. levels: all that are timed, ascending."""

    threshold: float
    levels: tuple[float, ...]


def published_levels(env_id: str) -> Levels | None:
    """The levels of an Atari game or a MuJoCo v5 task; None where nothing is published.

    Atari: fractions of the human-normalised score, random and human both from no-op starts
    (Wang et al. 2016, arXiv 1511.06581, table 2); these were measured without sticky actions.
    MuJoCo: percentages of TRPO's progress (Salimans et al. 2017, arXiv 1703.03864, tables 1
    and 3); on Humanoid the score of its timed runs (section 4.3). All on version 1 of the tasks.
    """
    if atari_game(env_id) is not None:
        return _atari(env_id)
    task = re.fullmatch(r"(\w+)-v5", env_id)
    return None if task is None else _mujoco(task[1])


def _atari(env_id: str) -> Levels | None:
    scores = reference_scores(env_id)
    if scores is None:
        return None
    way = scores.human - scores.random
    levels = {f: round(scores.random + f * way, 2) for f in ATARI_FRACTIONS}
    return Levels(levels[SOLVED_ATARI_FRACTION], tuple(levels.values()))


def _mujoco(task: str) -> Levels | None:
    if task == "Humanoid":
        score = humanoid_record().score
        return Levels(score, (score,))
    scores = {
        int(row["pct_of_trpo_progress"]): float(row["trpo_score"])
        for row in table("es_mujoco")
        if row["env"] == task
    }
    if not scores:
        return None
    return Levels(scores[SOLVED_MUJOCO_PERCENT], tuple(sorted(scores.values())))
