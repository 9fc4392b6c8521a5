"""The search: one setting of each agent for all games of a suite, with the same effort for both.

Both agents get the same number of settings, and the same games, seeds, seconds and cores. A first
round tries each setting for a short time. A second round tries the best of them, and the settings
as they are, for longer and on another seed. A setting's score is the mean over the games of its
last evaluation above the zero of the game, as a share of the best one of the same agent in the same
game and round.

Started again it makes only the runs that are missing, from checkpoints, and comes to the same.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import yaml

import rlbench
from prune_runs import prune
from rlbench.clock import utc_now
from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Dimension, Space
from rlbench.config.words import as_text
from rlbench.errors import RunError
from rlbench.harness.machine import describe
from rlbench.harness.screen import duration
from rlbench.runs.files import replace_text
from rlbench.settings import AUTO
from rlbench.sweeps.launch import launch
from rlbench.tuning.outcome import Outcome, read_run
from rlbench.tuning.question import value_at
from tunings.suites import Suite

CONF = Path(__file__).resolve().parents[2] / "conf"
KEPT = 4  # settings in the second round
FIRST_SEED = 1000  # of the first round; seeds below 100 are those of results that are reported
DIGITS = 4
WIDTH = 98
Chosen = Mapping[str, str]  # a setting: by key, as it would be typed
Returns = Mapping[str, Sequence[Sequence[float]]]  # by agent, setting and game


@dataclass(frozen=True)
class Round:
    """What every setting in it gets. seconds: of training in each game. given: further words."""

    seed: int
    seconds: float
    given: tuple[str, ...] = ()

    def words(self, common: Sequence[str], chosen: Chosen, results: Path) -> tuple[str, ...]:
        """Those of one run. common: those of the agent and the environment."""
        return (
            *common,
            *(f"{key}={value}" for key, value in chosen.items()),
            *(f"seed={self.seed}", "cores=1", f"budget.train_seconds={self.seconds:g}"),
            f"results_dir={as_text(str(results))}",
            *self.given,
        )


def drawn(space: Space, number: int) -> list[Chosen]:
    """Settings by chance, the same ones each time. Along each dimension one is in each of `number`
    equal parts (a Latin hypercube), so that few of them cover it."""
    rng = np.random.default_rng(0)
    shares = {key: (rng.permutation(number) + 0.5) / number for key in space}
    return [{key: _at(space[key], shares[key][n]) for key in space} for n in range(number)]


def _at(dimension: Dimension, share: float) -> str:
    """The value at a share of a dimension, from 0 to below 1."""
    if isinstance(dimension, Choice):
        return dimension.values[int(share * len(dimension.values))]
    low, high = dimension.low, dimension.high
    value = low * (high / low) ** share if dimension.log else low + share * (high - low)
    return as_text(round(value) if dimension.whole else float(f"{value:.{DIGITS}g}"))


def as_they_are(suite: Suite, agent: str, space: Space) -> Chosen:
    """The settings without a search, of the keys of the space."""
    settings = compose(suite.words(agent, suite.envs[0]))
    return {key: as_text(value_at(settings, key)) for key in space}


def scores(returns: Sequence[Sequence[float]], zeros: Sequence[float]) -> list[float]:
    """Of each setting, from its return in each game: the mean of its shares of the best ones."""
    above = [[one - zero for one, zero in zip(row, zeros, strict=True)] for row in returns]
    best = [max(game) for game in zip(*above, strict=True)]
    return [
        fmean(max(one, 0.0) / top if top > 0 else 0.0 for one, top in zip(row, best, strict=True))
        for row in above
    ]


def ranked(returns: Sequence[Sequence[float]], zeros: Sequence[float]) -> list[int]:
    """The numbers of the settings, the best one first; of equals the first."""
    found = scores(returns, zeros)
    return sorted(range(len(found)), key=lambda number: -found[number])


def played(
    suite: Suite, tried: Mapping[str, Sequence[Chosen]], this: Round, results: Path
) -> Returns:
    """Make the runs that are missing, both agents side by side.

    Raises RunError where a run failed, and KeyboardInterrupt when each has written a checkpoint.
    """
    wanted = {
        agent: [
            [this.words(suite.words(agent, env), chosen, results) for env in suite.envs]
            for chosen in settings
        ]
        for agent, settings in tried.items()
    }
    every = [words for settings in wanted.values() for games in settings for words in games]
    found: dict[tuple[str, ...], float] = {}
    for job in launch(every, compose, ["hydra.mode=RUN"], AUTO):
        assert job.directory is not None
        (final,) = Outcome.of([read_run(job.directory)]).final_return
        if final is None:
            raise RunError(f"{job.directory}: has no evaluation")
        found[job.words] = final
        prune(job.directory)  # replays of all of them would take gigabytes
    return {
        agent: [[found[words] for words in games] for games in settings]
        for agent, settings in wanted.items()
    }


def rounds_of(suite: Suite, seconds: float, given: tuple[str, ...] = ()) -> tuple[Round, Round]:
    return (
        Round(FIRST_SEED, seconds, given),
        Round(FIRST_SEED + 1, suite.longer * seconds, given),
    )


def effort_s(suite: Suite, trials: int, seconds: float) -> float:
    """The training of an agent, all of its runs together."""
    return len(suite.envs) * seconds * (trials + min(KEPT, trials) * suite.longer)


def plan(suite: Suite, trials: int, seconds: float) -> str:
    """What will be done, and how long it takes."""
    kept = min(KEPT, trials)
    games = len(suite.envs)
    runs_s = effort_s(suite, trials, seconds) + suite.overhead_s * games * (trials + kept)
    return (
        f"each agent: {trials} settings for {seconds:g} s of training in each of {games} "
        f"games, then {kept} of them for {suite.longer * seconds:g} s; about {duration(runs_s)} in "
        "all on two cores"
    )


def search(
    suite: Suite, trials: int, seconds: float, results: Path, conf: Path, given: tuple[str, ...]
) -> None:
    """Make both rounds, and write what is best of each agent below the folder `conf`."""
    spaces, zeros = suite.spaces(), suite.zeros()
    first, second = rounds_of(suite, seconds, given)
    tried = {a: [as_they_are(suite, a, s), *drawn(s, trials - 1)] for a, s in spaces.items()}
    short = played(suite, tried, first, results)
    kept = {a: [0, *(n for n in ranked(short[a], zeros) if n)][:KEPT] for a in tried}
    long = played(suite, {a: [tried[a][n] for n in kept[a]] for a in tried}, second, results)
    for agent, space in spaces.items():
        best = ranked(long[agent], zeros)[0]
        number = kept[agent][best]
        games = ", ".join(env.rpartition("/")[2].rpartition("-")[0] for env in suite.envs)
        told = [
            f"{suite.about} Found by scripts/tune {suite.name} (rlbench {rlbench.__version__}) on "
            f"{utc_now()[:10]}: {trials} settings, each for {first.seconds:g} s of training in "
            f"each of {games} on seed {first.seed}; {len(kept[agent])} of them again for "
            f"{second.seconds:g} s on seed {second.seed}. In all "
            f"{duration(effort_s(suite, trials, seconds))} of training, cores=1, on "
            f"{describe().cpu_model or 'this machine'}. Reported seeds are 0-99.",
            f"Best was setting {number + 1} with returns of {_numbers(long[agent][best])}. Setting "
            f"1 is as it was before ({_setting(tried[agent][0])}): {_numbers(long[agent][0])}.",
            suite.rest[agent],
            "Searched:",
            *(f"  {key}: {dimension.text()}" for key, dimension in space.items()),
        ]
        place = conf / suite.place.format(agent=agent)
        place.parent.mkdir(parents=True, exist_ok=True)
        before, common = CONF / suite.place.format(agent=agent), suite.words(agent, suite.envs[0])
        replace_text(place, file_of(before, common, tried[agent][number], told))
        print(f"{agent}: setting {number + 1} of {trials}, {_setting(tried[agent][number])}")
        print(f"written: {place}")


def file_of(before: Path, common: Sequence[str], chosen: Chosen, told: Sequence[str]) -> str:
    """The file of settings: those that the file `before` has already, if it is there, with what was
    chosen. common: the words of the agent and of an environment. told: how it was found."""
    values: dict[str, Any] = yaml.safe_load(before.read_text()) if before.exists() else {}
    settings = compose([*common, *(f"{key}={value}" for key, value in chosen.items())])
    for key in chosen:
        values.setdefault("agent", {})[key.removeprefix("agent.")] = value_at(settings, key)
    lines = [f"# {line}" for text in told for line in textwrap.wrap(text, WIDTH)]
    body = yaml.safe_dump(values, sort_keys=False)
    return "\n".join(["# @package _global_", *lines, body])


def _setting(chosen: Chosen) -> str:
    return " ".join(f"{key.removeprefix('agent.')}={value}" for key, value in chosen.items())


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)
