"""`rlbench race`: runs side by side at the same second of training."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

from rlbench.cli.filming import add_out, check_place, present
from rlbench.cli.playing import playing_parser, whole_number
from rlbench.errors import ReportError, visible
from rlbench.films.episodes import Theatre
from rlbench.films.race import MARKS, Runner, race, stops
from rlbench.films.scene import MOST_FRAMES_PER_S
from rlbench.opening import is_directory
from rlbench.playing.snapshots import snapshots_of
from rlbench.playing.source import conditions_for, read_run

MOST_RUNNERS = 4
MOST_TIMES = 50
EACH_S, MOST_SECONDS = 6, 600

USAGE = "RUN RUN ... [--out FILE] [--at S,S,...] [--seconds S]"
DESCRIPTION = """\
Show runs side by side at the same second of training: what the policy of each could do after 1, 2,
5, 10, ... s. The runs are made with snapshots=true, which keeps those policies, and are of one
environment under the same conditions. They may still go on."""
EXAMPLES = """\
examples:
  rlbench -m agent=es,dqn env=CartPole-v1 snapshots=true
  rlbench race results/runs/es/CartPole-v1/*/seed0 results/runs/dqn/CartPole-v1/*/seed0 \\
    --out race.mp4"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where a run has no snapshots or another environment than the first, there is
    no place for the film, or what it needs is missing; RunError where playing fails.
    """
    arguments = _parser().parse_intermixed_args(argv)
    paths = [Path(word) for word in arguments.words]
    if not 2 <= len(paths) <= MOST_RUNNERS:
        given = " ".join(map(str, paths)) or "none"
        raise ReportError(f"race: got {given}; takes 2 to {MOST_RUNNERS} RUNs")
    check_place(arguments.out)
    with contextlib.ExitStack() as stack:
        runners = runners_of(paths, stack)
        times = arguments.at or stops(runners, MARKS)
        per_s = min(max(runner.theatre.per_s for runner in runners), MOST_FRAMES_PER_S)
        made = race(runners, times, per_s, arguments.seconds)
        present(made, per_s, arguments.out, "rlbench race")
    return 0


def runners_of(paths: Sequence[Path], stack: contextlib.ExitStack) -> list[Runner]:
    """The runs of a race, whose environments `stack` closes. Raises ReportError as `main`."""
    runners: list[Runner] = []
    for path in paths:
        if not is_directory(path):
            raise ReportError(f"{path}: takes the directory of a run")
        snapshots = snapshots_of(path)
        source = read_run(path, snapshots[0].file)  # a run that goes on has no other policy
        conditions = conditions_for(source)
        theatre = stack.enter_context(contextlib.closing(Theatre(conditions)))
        first = runners[0].theatre if runners else theatre
        if theatre.facts.id != first.facts.id:
            given = f"is of {theatre.facts.id}, and a race is on one: {first.facts.id}"
            raise ReportError(f"{path}: {given}")
        if theatre.played != first.played:
            given = f"is of {theatre.facts.id} under other conditions than {paths[0]}"
            raise ReportError(f"{path}: {given}, and a race is under the same")
        run = source.run
        end_s = math.inf if run is None or run.status == "unfinished" else run.end.train_s
        name = visible(f"{source.name}  {conditions.env.id}  seed {conditions.seed}")
        runners.append(Runner(name, theatre, snapshots, end_s))
    return runners


def _times(word: str) -> list[float]:
    parts = word.split(",")
    try:
        times = [float(part) for part in parts]
    except ValueError:
        times = [math.nan]
    if len(times) > MOST_TIMES or not all(0 <= time <= 1e9 for time in times):
        takes = f"up to {MOST_TIMES} numbers of seconds with commas"
        raise argparse.ArgumentTypeError(f"got {word}, takes {takes}")
    return sorted(times)


def _parser() -> argparse.ArgumentParser:
    parser = playing_parser("race", USAGE, DESCRIPTION, EXAMPLES)
    add_out(parser)
    parser.add_argument(
        "--at",
        metavar="S,S,...",
        type=_times,
        help="seconds of training (default: 0.1, 0.2, 0.5, 1, 2, 5, ... where something changes)",
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=whole_number(1, MOST_SECONDS),
        default=EACH_S,
        help=f"how long each second of training is shown at most (default: {EACH_S})",
    )
    return parser
