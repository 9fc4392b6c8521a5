"""Find settings of ES and DQN for MinAtar: one setting of each agent for all five games.

Both agents get the same number of settings, and the same games, seeds, seconds and cores. A first
round tries each setting for a short time. A second round tries the best of them, and the settings
as they are, for longer and on another seed. Three games are played; Freeway and Seaquest show later
what the settings are worth on games that they were not chosen on. A setting's score is the mean
over the games of its last evaluation, as a share of the best one of the same agent in the same game
and round.

Started again it makes only the runs that are missing, from checkpoints, and comes to the same.
"""

from __future__ import annotations

import argparse
import sys
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
from rlbench.config.spaces import Choice, Dimension, Space, read_spaces
from rlbench.config.words import as_text
from rlbench.errors import RlbenchError, RunError
from rlbench.harness.machine import describe
from rlbench.harness.screen import duration
from rlbench.runs.files import replace_text
from rlbench.settings import AUTO
from rlbench.sweeps.launch import launch
from rlbench.tuning.outcome import Outcome, read_run
from rlbench.tuning.question import value_at

CHECKOUT = Path(__file__).resolve().parents[1]
SPACES = Path(__file__).with_suffix(".yaml")
TUNED = CHECKOUT / "conf" / "tuned"
GAMES = ("Asterix", "Breakout", "SpaceInvaders")
KEPT, LONGER = 4, 4  # of the second round: how many settings, and how many times the seconds
FIRST_SEED = 1000  # of the first round; seeds below 100 are those of results that are reported
DIGITS = 4
OVERHEAD_S = 10.0  # of a run, beside its training: start and evaluations
WIDTH = 98
REST = {
    "es": "The other settings are the agent's defaults.",
    "dqn": "The other settings are those of Young & Tian 2019 (arXiv 1903.03176; examples/dqn.py "
    "in kenjyoung/MinAtar), but for Adam in the place of an RMSProp with momentum.",
}
Chosen = Mapping[str, str]  # a setting: by key, as it would be typed
Returns = Mapping[str, Sequence[Sequence[float]]]  # by agent, setting and game


@dataclass(frozen=True)
class Round:
    """What every setting in it gets. seconds: of training in each game. given: further words."""

    seed: int
    seconds: float
    given: tuple[str, ...] = ()

    def words(self, agent: str, chosen: Chosen, game: str, results: Path) -> tuple[str, ...]:
        """Those of one run."""
        return (
            *words_of(agent, game),
            *(f"{key}={value}" for key, value in chosen.items()),
            *(f"seed={self.seed}", "cores=1", f"budget.train_seconds={self.seconds:g}"),
            f"results_dir={as_text(str(results))}",
            *self.given,
        )


def words_of(agent: str, game: str = GAMES[0]) -> tuple[str, ...]:
    return f"agent={agent}", f"env=MinAtar/{game}-v1"


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


def as_they_are(agent: str, space: Space) -> Chosen:
    """The settings without a search, of the keys of the space."""
    settings = compose(words_of(agent))
    return {key: as_text(value_at(settings, key)) for key in space}


def scores(returns: Sequence[Sequence[float]]) -> list[float]:
    """Of each setting, from its return in each game: the mean of its shares of the best ones."""
    best = [max(game) for game in zip(*returns, strict=True)]
    return [
        fmean(one / top if top > 0 else 0.0 for one, top in zip(row, best, strict=True))
        for row in returns
    ]


def ranked(returns: Sequence[Sequence[float]]) -> list[int]:
    """The numbers of the settings, the best one first; of equals the first."""
    found = scores(returns)
    return sorted(range(len(found)), key=lambda number: -found[number])


def played(tried: Mapping[str, Sequence[Chosen]], this: Round, results: Path) -> Returns:
    """Make the runs that are missing, both agents side by side.

    Raises RunError where a run failed, and KeyboardInterrupt when each has written a checkpoint.
    """
    wanted = {
        agent: [[this.words(agent, chosen, game, results) for game in GAMES] for chosen in settings]
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


def rounds_of(seconds: float, given: tuple[str, ...] = ()) -> tuple[Round, Round]:
    return (
        Round(FIRST_SEED, seconds, given),
        Round(FIRST_SEED + 1, LONGER * seconds, given),
    )


def effort_s(trials: int, seconds: float) -> float:
    """The training of an agent, all of its runs together."""
    return len(GAMES) * seconds * (trials + min(KEPT, trials) * LONGER)


def plan(trials: int, seconds: float) -> str:
    """What will be done, and how long it takes."""
    kept = min(KEPT, trials)
    runs_s = effort_s(trials, seconds) + OVERHEAD_S * len(GAMES) * (trials + kept)
    return (
        f"each agent: {trials} settings for {seconds:g} s of training in each of {len(GAMES)} "
        f"games, then {kept} of them for {LONGER * seconds:g} s; about {duration(runs_s)} in all "
        "on two cores"
    )


def search(
    trials: int, seconds: float, results: Path, out: Path, given: tuple[str, ...] = ()
) -> None:
    """Make both rounds, and write what is best of each agent."""
    spaces = read_spaces(SPACES)
    first, second = rounds_of(seconds, given)
    tried = {a: [as_they_are(a, s), *drawn(s, trials - 1)] for a, s in spaces.items()}
    short = played(tried, first, results)
    kept = {a: [0, *(n for n in ranked(short[a]) if n)][:KEPT] for a in tried}
    long = played({a: [tried[a][n] for n in kept[a]] for a in tried}, second, results)
    for agent, space in spaces.items():
        best = ranked(long[agent])[0]
        number = kept[agent][best]
        told = [
            f"For every env=MinAtar/<Game>. Found by scripts/tune_minatar (rlbench "
            f"{rlbench.__version__}) on {utc_now()[:10]}: {trials} settings, each for "
            f"{first.seconds:g} s of training in each of {', '.join(GAMES)} on seed {first.seed}; "
            f"{len(kept[agent])} of them again for {second.seconds:g} s on seed {second.seed}. In "
            f"all {duration(effort_s(trials, seconds))} of training, cores=1, on "
            f"{describe().cpu_model or 'this machine'}. Reported seeds are 0-99.",
            f"Best was setting {number + 1} with returns of {_numbers(long[agent][best])}. Setting "
            f"1 is as it was before ({_setting(tried[agent][0])}): {_numbers(long[agent][0])}.",
            REST[agent],
            "Searched:",
            *(f"  {key}: {dimension.text()}" for key, dimension in space.items()),
        ]
        place = out / agent / "MinAtar.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_text(place, file_of(agent, tried[agent][number], told))
        print(f"{agent}: setting {number + 1} of {trials}, {_setting(tried[agent][number])}")
        print(f"written: {place}")


def file_of(agent: str, chosen: Chosen, told: Sequence[str]) -> str:
    """The file of settings: those that it has already, with what was chosen."""
    before = TUNED / agent / "MinAtar.yaml"
    values: dict[str, Any] = yaml.safe_load(before.read_text()) if before.exists() else {}
    settings = compose([*words_of(agent), *(f"{key}={value}" for key, value in chosen.items())])
    for key in chosen:
        values.setdefault("agent", {})[key.removeprefix("agent.")] = value_at(settings, key)
    lines = [f"# {line}" for text in told for line in textwrap.wrap(text, WIDTH)]
    body = yaml.safe_dump(values, sort_keys=False)
    return "\n".join(["# @package _global_", *lines, body])


def _setting(chosen: Chosen) -> str:
    return " ".join(f"{key.removeprefix('agent.')}={value}" for key, value in chosen.items())


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def main() -> int:
    """0 done, 1 a run failed, 2 bad input, 130 stopped after checkpoints."""
    parser = argparse.ArgumentParser(
        prog="scripts/tune_minatar", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: bash scripts/tune_minatar --trials 2 --seconds 5 --out /tmp/tuned",
    )  # fmt: skip
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE",
                        help="for every run, such as overwrite=shared")  # fmt: skip
    parser.add_argument("--trials", type=int, default=12, help="settings of each agent (12)")
    parser.add_argument("--seconds", type=float, default=60, help="of training in round one (60)")
    parser.add_argument("--results", type=Path, default=CHECKOUT / "results" / "tune" / "MinAtar",
                        metavar="DIR", help="place of the runs")  # fmt: skip
    parser.add_argument("--out", type=Path, default=TUNED, metavar="DIR",
                        help="place of AGENT/MinAtar.yaml (conf/tuned)")  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and end")
    given = parser.parse_args()
    if given.trials < 2:
        parser.error(f"--trials: got {given.trials}, takes a number of at least 2")
    if not 1 <= given.seconds <= 86_400:
        parser.error(f"--seconds: got {given.seconds:g}, takes a number from 1 to 86,400")
    print(plan(given.trials, given.seconds))
    try:
        if not given.dry_run:
            results, words = given.results.absolute(), tuple(given.words)
            search(given.trials, given.seconds, results, given.out, words)
    except RlbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
