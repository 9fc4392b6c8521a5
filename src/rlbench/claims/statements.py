"""The claims of the popular text as data: what is said, where it comes from, what was reported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rlbench.published import table
from rlbench.published.papers import (
    AtariRecord,
    Effort,
    HumanoidRecord,
    atari_record,
    humanoid_record,
    step_ratios,
)
from rlbench.wording import TIMES, significant

Family = Literal["atari", "robotics", "other"]

MINIMUM_SEEDS = 5  # of each agent on an environment
MINIMUM_GAMES = 10  # about a fifth of the published ones
MINIMUM_ROBOTICS = 3  # where the claim's task was not run

_PAPER = "Salimans et al. 2017, arXiv 1703.03864"
_MUJOCO = (
    "Ant|HalfCheetah|Hopper|Humanoid|HumanoidStandup|InvertedDoublePendulum|InvertedPendulum|"
    "Pusher|Reacher|Swimmer|Walker2d"
)


@dataclass(frozen=True)
class Claim:
    """One claim.

    factor: how many times as fast ES is said to be. core_hour_factor: what the reported runs
    amount to on equal cores. minimum_environments: how many must have been measured for a
    verdict; sufficient_task: a pattern for the id of the one environment that is enough alone, or
    None.
    """

    key: str
    family: Family
    title: str
    statement: str
    origin: str
    factor: float
    core_hour_factor: float
    reported: tuple[str, ...]
    minimum_environments: int
    sufficient_task: str | None
    environments: str  # what the environments of the family are called, in the plural


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
    a3c, dqn = record.against_a3c, record.against_dqn
    games = len(record.games)
    return Claim(
        key="atari",
        family="atari",
        title="Atari in one hour instead of a day",
        statement=(
            "On more than 50 Atari games, evolution strategies reached in one hour what "
            "DeepMind's reinforcement learning needed a day for."
        ),
        origin=f"{_PAPER}, tables 1 to 3 and section 4.2, and OpenAI's announcement of it.",
        factor=record.time_factor,
        core_hour_factor=record.core_hour_factor,
        reported=(
            f"ES trained {_effort(record.es)} and {frames_text(record.es_frames)} frames a game. "
            "It was compared with the published one-day results of A3C, not of DQN: "
            f"{_effort(record.a3c)}, {frames_text(record.a3c_frames)} frames.",
            f"ES scored better than A3C on {a3c.won} of {games} games and worse on {a3c.lost}. The "
            "starts differ: ES was scored from random no-op starts, A3C from starts taken from "
            "human play.",
            f"In core-hours a game: {record.es.core_hours:,.0f} for ES, "
            f"{record.a3c.core_hours:,.0f} for A3C. On equal cores the reported speed-up of "
            f"{significant(record.time_factor)}{TIMES} is "
            f"{significant(record.core_hour_factor, 2)}{TIMES}.",
            f"Against DQN after {frames_text(record.dqn_frames)} frames, both from no-op starts, "
            f"ES wins {dqn.won} games, loses {dqn.lost} and ties {dqn.tied}; the "
            "human-normalised interquartile mean is "
            f"{record.es_iqm:.2f} for ES and {record.dqn_iqm:.2f} for DQN (derived).",
        ),
        minimum_environments=MINIMUM_GAMES,
        sufficient_task=None,
        environments="Atari games",
    )


def _robotics_claim(record: HumanoidRecord) -> Claim:
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
        origin=f"{_PAPER}, section 4.1 and tables 1 and 3, and OpenAI's announcement of it.",
        factor=60.0,  # ten hours over ten minutes: the text's own numbers
        core_hour_factor=record.core_hour_factor,
        reported=(
            f"The ten minutes are the 3D Humanoid of MuJoCo to a score of {record.score:g}, with "
            f"{record.many.cores:,} cores. The paper's own long figure is ES itself: "
            f"{record.few.hours * 60:.0f} minutes on {record.few.cores} cores.",
            "No run of reinforcement learning was timed in the paper.",
            f"In core-hours: {record.many.core_hours:.0f} on {record.many.cores:,} cores, "
            f"{record.few.core_hours:.0f} on {record.few.cores}. The reported speed-up of "
            f"{significant(record.time_factor)}{TIMES} comes from cores: on equal ones it is "
            f"{significant(record.core_hour_factor, 2)}{TIMES}.",
            f"In steps, on {len(tasks)} other MuJoCo tasks, ES needed {significant(min(last), 2)} "
            f"to {significant(max(last), 2)} times as many as TRPO to TRPO's final score, and "
            f"fewer on {fewer} of the {len(tasks)}.",
        ),
        minimum_environments=MINIMUM_ROBOTICS,
        sufficient_task=r"Humanoid-v\d+",
        environments="MuJoCo tasks",
    )


def frames_text(frames: float) -> str:
    """`1 billion`, `320 million`."""
    if frames >= 1e9:
        return f"{frames / 1e9:g} billion"
    return f"{frames / 1e6:g} million"


def _effort(effort: Effort) -> str:
    hours = "1 hour" if effort.hours == 1 else f"{effort.hours:g} hours"
    return f"{hours} on {effort.cores:,} cores"
