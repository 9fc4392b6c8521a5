"""`rlbench watch`: trained policies as a film, or in a window."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence

from rlbench.cli.filming import add_out, check_place, present
from rlbench.cli.playing import (
    asked_conditions,
    playing_parser,
    sorted_words,
    whole_number,
)
from rlbench.errors import ReportError, visible
from rlbench.films.episodes import Theatre
from rlbench.films.saliency import gaze
from rlbench.films.scene import Part, frames, frames_per_s
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.score import score_of
from rlbench.playing.source import Source, read_source

MOST_TILES = 4
MOST_EPISODES, MOST_SECONDS, MOST_SEED = 100, 3_600, 2**31 - 1
SECONDS = 60

USAGE = "RUN|FILE ... [env=ID] [--out FILE] [--episodes N] [--seed K] [--seconds S]"
DESCRIPTION = """\
Show what trained policies do: an episode of an evaluation, at the speed that the environment is
meant to have, with return and training time above it. Several runs play side by side. With --out a
film is written, for which no screen is needed; without, a window opens. --saliency shows beside a
game what its policy looks at."""
EXAMPLES = """\
examples:
  rlbench watch results/runs/es/CartPole-v1/*/seed0 --out cartpole.mp4
  rlbench watch ES_RUN DQN_RUN --out both.gif --seed 7
  rlbench watch RUN/policy-best.npz --episodes 3
  rlbench watch PONG_RUN --saliency --out gaze.mp4"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where there is no policy that can be used, no place for the film, or what it
    needs is missing; ConfigError for conditions that are not taken; RunError where playing fails.
    """
    arguments = _parser().parse_intermixed_args(argv)
    paths, words = sorted_words(arguments.words)
    if not 1 <= len(paths) <= MOST_TILES:
        given = " ".join(map(str, paths)) or "none"
        raise ReportError(f"watch: got {given}; takes 1 to {MOST_TILES} RUNs or FILEs")
    check_place(arguments.out)
    sources = [read_source(path) for path in paths]
    if arguments.saliency:
        for source in sources:
            _on_pixels(source)
    with contextlib.ExitStack() as stack:
        parts = [_part(source, words, arguments, stack) for source in sources]
        per_s = frames_per_s(parts)
        made = frames(parts, per_s, arguments.seconds)
        present(made, per_s, arguments.out, f"rlbench: {parts[0].title}")
    return 0


def _part(
    source: Source,
    words: Sequence[str],
    arguments: argparse.Namespace,
    stack: contextlib.ExitStack,
) -> Part:
    conditions = asked_conditions(source, words)
    if arguments.seed is not None:
        conditions = conditions.model_copy(update={"seed": arguments.seed})
    theatre = stack.enter_context(contextlib.closing(Theatre(conditions)))
    title = visible(f"{source.name}  {conditions.env.id}  seed {conditions.seed}")
    episodes, trained = range(arguments.episodes), _trained(source)
    if not arguments.saliency:
        return Part(theatre, source.policy, episodes, title, trained)
    longest = round(arguments.seconds * theatre.per_s)
    looks = gaze(_on_pixels(source), theatre, episodes, longest)
    return Part(theatre, source.policy, episodes, f"{title}  red: what it looks at", trained, looks)


def _on_pixels(source: Source) -> NetworkPolicy:
    """The policy of a source; raises ReportError for one that sees no pixels."""
    policy = source.policy
    if isinstance(policy, NetworkPolicy) and policy.network.observations == "frames":
        return policy
    raise ReportError(f"--saliency: takes a policy of es or dqn on pixels, not {source.path}")


def _trained(source: Source) -> str:
    """How long the policy was trained, in words; empty where nothing says it."""
    score = score_of(source)
    return "" if score is None else f"trained {score.clock.train_s:,.1f} s"


def _parser() -> argparse.ArgumentParser:
    parser = playing_parser("watch", USAGE, DESCRIPTION, EXAMPLES)
    add_out(parser)
    parser.add_argument(
        "--saliency", action="store_true", help="beside a game, what its policy looks at in red"
    )
    _add_number(parser, "--episodes", "N", 1, 1, MOST_EPISODES, "how many episodes")
    _add_number(parser, "--seconds", "S", SECONDS, 1, MOST_SECONDS, "the film's length at most")
    parser.add_argument(
        "--seed",
        metavar="K",
        type=whole_number(0, MOST_SEED),
        help="where the reset seeds come from (default: the seed of the run, else 0)",
    )
    return parser


def _add_number(
    parser: argparse.ArgumentParser,
    option: str,
    name: str,
    default: int,
    low: int,
    high: int,
    meaning: str,
) -> None:
    parser.add_argument(
        option,
        metavar=name,
        type=whole_number(low, high),
        default=default,
        help=f"{meaning} (default: {default})",
    )
