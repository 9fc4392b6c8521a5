"""The claims of the popular text as data: what is said, where it comes from, what was reported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rlbench.claims.rivals import A2C, DQN, TRPO, Rival
from rlbench.published import table
from rlbench.published.papers import (
    AtariRecord,
    Effort,
    HumanoidRecord,
    atari_record,
    humanoid_record,
    popular_factor,
    step_ratios,
)
from rlbench.runs.records import MEMORY
from rlbench.wording import TIMES, millions, significant

Family = Literal["atari", "robotics", "other"]

MINIMUM_SEEDS = 5  # of each agent on an environment
MINIMUM_GAMES = 10  # about a fifth of the published ones
MINIMUM_ROBOTICS = 3  # where the claim's task was not run

HUMANOID = "Humanoid-v5"
_PAPER = "Salimans et al. 2017, arXiv 1703.03864"
_MUJOCO = (
    "Ant|HalfCheetah|Hopper|Humanoid|HumanoidStandup|InvertedDoublePendulum|InvertedPendulum|"
    "Pusher|Reacher|Swimmer|Walker2d"
)


@dataclass(frozen=True)
class Claim:
    """One claim.

    factor: how many times as fast ES is said to be. core_hour_factor: what the reported runs
    amount to on equal cores, None where the paper timed no reinforcement learning.
    minimum_environments: how many must have been measured for a verdict; sufficient_task: the id of
    the one environment that is enough alone, or None. rivals: the agents that may stand for
    reinforcement learning, the paper's first. observations: what may be seen of an environment, as
    in `Run.observations`, the paper's first; a verdict on another one says so. by_scores: whether
    the claim is of scores after two times, not of times to a score.
    """

    key: str
    family: Family
    title: str
    statement: str
    origin: str
    factor: float
    core_hour_factor: float | None
    reported: tuple[str, ...]
    minimum_environments: int
    sufficient_task: str | None
    environments: str  # what the environments of the family are called, in the plural
    rivals: tuple[Rival, ...]
    observations: tuple[str, ...] = ("",)
    by_scores: bool = False


def all_claims() -> tuple[Claim, ...]:
    """Both claims, the numbers of what was reported computed from the published tables."""
    return _atari_claim(atari_record()), _robotics_claim(humanoid_record())


def family_of(env: str) -> Family:
    """To which claim an environment id speaks."""
    if re.fullmatch(r"ALE/\w+-v\d+", env):
        return "atari"
    if re.fullmatch(rf"({_MUJOCO})-v\d+", env):
        return "robotics"
    games = "|".join(row["name"] for row in table("human_random"))
    old_id = re.fullmatch(rf"({games})(NoFrameskip|Deterministic)?-v\d+", env)
    return "other" if old_id is None else "atari"


def _atari_claim(record: AtariRecord) -> Claim:
    a3c, a2c, dqn = record.against_a3c, record.against_a2c, record.against_dqn
    games = len(record.games)
    with_a2c = a2c.won + a2c.lost + a2c.tied
    return Claim(
        key="atari",
        family="atari",
        title="Atari in one hour instead of a day",
        statement=(
            "On more than 50 Atari games, evolution strategies reached in one hour what "
            "DeepMind's reinforcement learning needed a day for."
        ),
        origin=f"{_PAPER}, section 4.2 and table 2, in popular retelling.",
        factor=popular_factor("atari"),
        core_hour_factor=record.core_hour_factor,
        reported=(
            f"ES trained {_effort(record.es)} and {millions(record.es_frames)} frames a game. "
            "It was compared with the published one-day results of A3C, not of DQN: "
            f"{_effort(record.a3c)}, {millions(record.a3c_frames)} frames. By the paper's "
            "estimate both take about the same amount of neural network computation.",
            f"ES scored better than A3C on {a3c.won} of {games} games and worse on {a3c.lost}. The "
            "starts differ: ES was scored from random no-op starts, A3C from starts taken from "
            "human play.",
            "The paper's own A2C was scored as ES was, after as many frames as A3C. Of the "
            f"{with_a2c} games of which its score is known here ES wins {a2c.won}, loses "
            f"{a2c.lost} and ties {a2c.tied} (derived).",
            f"In core-hours a game: {record.es.core_hours:,.0f} for ES, "
            f"{record.a3c.core_hours:,.0f} for A3C. Per core the reported speed-up of "
            f"{significant(record.time_factor)}{TIMES} is "
            f"{significant(record.core_hour_factor, 2)}{TIMES}.",
            f"Against DQN after {millions(record.dqn_frames)} frames, both from no-op starts, "
            f"ES wins {dqn.won} games, loses {dqn.lost} and ties {dqn.tied}; the "
            "human-normalised interquartile mean is "
            f"{record.es_iqm:.2f} for ES and {record.dqn_iqm:.2f} for DQN (derived).",
        ),
        minimum_environments=MINIMUM_GAMES,
        sufficient_task=None,
        environments="Atari games",
        rivals=(A2C, DQN),
        observations=("", MEMORY),
        by_scores=True,
    )


def _robotics_claim(record: HumanoidRecord) -> Claim:
    few, many = record.few, record.many
    ratios = step_ratios()
    tasks = {ratio.task for ratio in ratios}
    last = [ratio.ratio for ratio in ratios if ratio.percent == 100]
    fewer = sum(ratio < 1 for ratio in last)
    return Claim(
        key="robotics",
        family="robotics",
        title="Robotics in ten minutes instead of ten hours",
        statement=(
            "Evolution strategies solved in ten minutes a standard robotics benchmark that takes "
            "reinforcement learning ten hours."
        ),
        origin=f"{_PAPER}, section 4.3 and figure 1, in popular retelling.",
        factor=popular_factor("robotics"),
        core_hour_factor=None,
        reported=(
            f"Section 4.3: ES took {_minutes(many)} minutes on {many.cores:,} cores to reach a "
            f"score of {record.score:g} on the 3D Humanoid of MuJoCo (figure 1, median of "
            f"{record.runs} runs).",
            f"On one machine with {few.cores} cores the same ES took {_minutes(few)} minutes, "
            f'"about {few.hours:.0f} hours, which is on par with RL". So the paper itself calls ES '
            f"on {few.cores} cores about as fast as reinforcement learning; the factor of "
            f"{significant(record.time_factor, 2)} from there is bought with "
            f"{significant(many.cores / few.cores)} times the cores.",
            "No run of reinforcement learning was timed. The paper says that the best methods "
            f'require "about a day" ({record.rl_hours:g} hours) "on modern hardware", from other '
            "papers and without a number of cores, so nothing can be said of equal cores. That "
            "reinforcement learning takes ten hours is not in the paper, and where the popular "
            "text has it from is not verified.",
            f"In steps, on {len(tasks)} other MuJoCo tasks (tables 1 and 3), ES needed "
            f"{significant(min(last), 2)} to {significant(max(last), 2)} times as many as TRPO to "
            f"TRPO's final score, and fewer on {fewer} of the {len(tasks)}.",
        ),
        minimum_environments=MINIMUM_ROBOTICS,
        sufficient_task=HUMANOID,
        environments="MuJoCo tasks",
        rivals=(TRPO, DQN),
    )


def _effort(effort: Effort) -> str:
    return f"{effort.hours:g} {'hour' if effort.hours == 1 else 'hours'} on {effort.cores:,} cores"


def _minutes(effort: Effort) -> str:
    return f"{effort.hours * 60:.0f}"
