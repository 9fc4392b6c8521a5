"""What the papers behind the claims reported, computed from the published tables.

Sources: Salimans et al. 2017 (arXiv 1703.03864), tables 1 to 3 and section 4; Mnih et al. 2016
(arXiv 1602.01783), table S3; Wang et al. 2016 (arXiv 1511.06581), tables 2 and 3. Each row of the
tables in `rlbench/published/` names its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rlbench.published import number, table


@dataclass(frozen=True)
class Record:
    """Games on which one side scored higher than the other, or neither did."""

    won: int
    lost: int
    tied: int


@dataclass(frozen=True)
class Game:
    """Scores of one Atari game. The places are human-normalised, random 0 and a human tester 1,
    all with the references of no-op starts, so that a higher score is a higher place. a2c: of the
    ES paper's own A2C; None where its source has none."""

    name: str
    es: float
    a3c: float
    a2c: float | None
    dqn: float
    es_place: float
    a3c_place: float
    dqn_place: float


@dataclass(frozen=True)
class Effort:
    """Cores and hours of a published run."""

    cores: int
    hours: float

    @property
    def core_hours(self) -> float:
        """Their product."""
        return self.cores * self.hours


@dataclass(frozen=True)
class AtariRecord:
    """ES after an hour against A3C after a day (human starts), A2C after as many frames as A3C,
    and DQN after 200 M frames."""

    games: tuple[Game, ...]  # by name
    es: Effort
    a3c: Effort
    es_frames: float
    a3c_frames: float
    dqn_frames: float
    dqn_gpu_hours: float  # on one GPU

    @property
    def against_a3c(self) -> Record:
        """By raw scores, as the paper counts; the starts differ."""
        return _record([(game.es, game.a3c) for game in self.games])

    @property
    def against_a2c(self) -> Record:
        """By raw scores, both evaluated alike by the paper (its table 2), of the games known."""
        return _record([(game.es, game.a2c) for game in self.games if game.a2c is not None])

    @property
    def against_dqn(self) -> Record:
        """By raw scores, both from no-op starts."""
        return _record([(game.es, game.dqn) for game in self.games])

    @property
    def es_iqm(self) -> float:
        """Interquartile mean of ES's places."""
        return trimmed_mean([game.es_place for game in self.games])

    @property
    def dqn_iqm(self) -> float:
        """Interquartile mean of DQN's places."""
        return trimmed_mean([game.dqn_place for game in self.games])

    @property
    def time_factor(self) -> float:
        """A3C's hours over those of ES: the claimed factor."""
        return self.a3c.hours / self.es.hours

    @property
    def core_hour_factor(self) -> float:
        """A3C's core-hours over those of ES: what its hours amount to on equal cores."""
        return self.a3c.core_hours / self.es.core_hours


@dataclass(frozen=True)
class HumanoidRecord:
    """How long ES took to walk, on few cores and on many. No run of another method was timed.

    runs: of which each time is the median. rl_hours: what the paper says of reinforcement learning,
    from other papers and without a number of cores.
    """

    score: float
    few: Effort
    many: Effort
    runs: int
    rl_hours: float

    @property
    def time_factor(self) -> float:
        """Hours on few cores over hours on many: ES against itself."""
        return self.few.hours / self.many.hours

    @property
    def parallel_efficiency(self) -> float:
        """Core-hours on few cores over core-hours on many: ES against itself, so it says nothing
        of ES and reinforcement learning."""
        return self.few.core_hours / self.many.core_hours


@dataclass(frozen=True)
class StepRatio:
    """Steps that ES needed over those of TRPO, to a share of TRPO's progress on one task.

    es_runs: whose mean learning curve was read. trpo_steps: of TRPO's runs, whose last score is the
    whole of its progress.
    """

    task: str
    percent: int
    ratio: float
    es_runs: int
    trpo_steps: float


def atari_record() -> AtariRecord:
    """The 51 games that the ES paper compares."""
    references = {row["game"]: row for row in table("human_random")}
    dqn_scores = {row["game"]: row for row in table("dqn_family_57games")}
    games = []
    for row in table("es_atari"):
        key = row["game"]
        random = _known(references[key]["random_noop"])
        human = _known(references[key]["human_noop"])
        es = _known(row["es_ff_1h_720cores_1Bframes"])
        a3c = _known(row["a3c_ff_1day_humanstart"])
        a2c = number(row["a2c_ff_320Mframes"])
        dqn = _known(dqn_scores[key]["dqn_noop"])
        places = [(score - random) / (human - random) for score in (es, a3c, dqn)]
        games.append(Game(references[key]["name"], es, a3c, a2c, dqn, *places))
    runs = {row["method"]: row for row in table("walltime")}
    es_run, a3c_run, dqn_run = runs["ES"], runs["A3C FF (1 day)"], runs["DQN (Nature)"]
    return AtariRecord(
        games=tuple(sorted(games, key=lambda game: game.name)),
        es=_effort(es_run),
        a3c=_effort(a3c_run),
        es_frames=_millions(es_run["frames"]),
        a3c_frames=_millions(a3c_run["frames"]),
        dqn_frames=_millions(dqn_run["frames"]),
        dqn_gpu_hours=_known(dqn_run["hours"]),
    )


def humanoid_record() -> HumanoidRecord:
    """The 3D Humanoid of the ES paper (section 4.3 and figure 1)."""
    rows = table("es_humanoid_walltime")
    ours = sorted((r for r in rows if r["method"] == "ES"), key=lambda row: _known(row["cores"]))
    efforts = [Effort(int(row["cores"]), _known(row["minutes"]) / 60.0) for row in ours]
    (other,) = [row for row in rows if row["method"] != "ES"]
    return HumanoidRecord(
        score=_known(ours[0]["score"]),
        few=efforts[0],
        many=efforts[-1],
        runs=int(ours[0]["runs"]),
        rl_hours=_known(other["minutes"]) / 60.0,
    )


def popular_factor(key: str) -> float:
    """How many times as fast a popular claim says that ES is: the longer time over the shorter."""
    (row,) = [row for row in table("popular_claims") if row["key"] == key]
    return _known(row["longer_minutes"]) / _known(row["shorter_minutes"])


def popular_times(key: str) -> tuple[str, str]:
    """The two times of a popular claim in words, the longer first."""
    (row,) = [row for row in table("popular_claims") if row["key"] == key]
    return row["longer"], row["shorter"]


def step_ratios() -> tuple[StepRatio, ...]:
    """Tables 1 and 3 of the ES paper, tasks in name order."""
    return tuple(
        StepRatio(
            row["env"],
            int(row["pct_of_trpo_progress"]),
            _known(row["es_timesteps"]) / _known(row["trpo_timesteps"]),
            int(row["es_runs"]),
            _known(row["trpo_run_timesteps"]),
        )
        for row in table("es_mujoco")
    )


def trimmed_mean(values: Sequence[float]) -> float:
    """The mean of what is left when a quarter, rounded down, is cut from either end."""
    ascending = sorted(values)
    cut = len(ascending) // 4
    kept = ascending[cut : len(ascending) - cut]
    return sum(kept) / len(kept)


def _record(pairs: Sequence[tuple[float, float]]) -> Record:
    signs = Counter((a > b) - (a < b) for a, b in pairs)
    return Record(won=signs[1], lost=signs[-1], tied=signs[0])


def _effort(row: dict[str, str]) -> Effort:
    return Effort(int(_leading(row["hardware"])), _known(row["hours"]))


def _millions(frames: str) -> float:
    return _leading(frames) * 1e6


def _leading(text: str) -> float:
    """The number that a cell such as `720 CPUs (EC2)` or `320M` begins with."""
    found = re.match(r"\d+(\.\d+)?", text)
    if found is None:
        raise ValueError(f"{text!r}: begins with no number")
    return float(found[0])


def _known(cell: str) -> float:
    value = number(cell)
    if value is None:
        raise ValueError("a blank cell where the source has a number")
    return value
