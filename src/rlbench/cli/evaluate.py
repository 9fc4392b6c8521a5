"""`rlbench evaluate`: the judge's own evaluation of a run's policy, or of a file's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rlbench.cli.arguments import file
from rlbench.cli.playing import (
    asked_conditions,
    playing_parser,
    sorted_words,
    the_one,
    whole_number,
)
from rlbench.errors import ReportError, visible
from rlbench.harness.machine import available_cores
from rlbench.harness.screen import for_terminal
from rlbench.playing.evaluation import Judged, judge
from rlbench.playing.source import Source, read_source
from rlbench.runs.files import replace_bytes
from rlbench.wording import plural

MOST_EPISODES = 10_000
MOST_SEED = 2**31 - 1

USAGE = "RUN|FILE [env=ID [env.KEY=VALUE ...]] [--episodes N] [--seed K] [--csv FILE]"
DESCRIPTION = """\
Evaluate a policy as the evaluations of a run do: whole episodes, raw rewards, the same reset seeds.
RUN is a run's directory, FILE a policy.npz, or an ONNX or Keras file from anybody. Environment,
episodes and seed of a run are the run's, so the numbers are those of its last evaluation. env=ID
plays in another environment, with the settings that stand behind it.
TensorFlow is imported for Keras files alone."""
EXAMPLES = """\
examples:
  rlbench evaluate results/runs/es/CartPole-v1/*/seed0
  rlbench evaluate RUN --episodes 1000 --seed 7 --csv returns.csv
  rlbench evaluate RUN/policy-best.npz
  rlbench evaluate policy.npz env=ALE/Pong-v5 env.sticky_actions=0"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where there is no policy that can be used, ConfigError for conditions that
    are not taken or that the policy does not suit, and RunError where playing it fails.
    """
    arguments = _parser().parse_intermixed_args(argv)
    paths, words = sorted_words(arguments.words)
    source = read_source(the_one(paths, "evaluate"))
    conditions = asked_conditions(source, words)
    given = {"episodes": arguments.episodes, "seed": arguments.seed}
    changed = {key: value for key, value in given.items() if value is not None}
    conditions = conditions.model_copy(update=changed)
    if conditions.episodes > MOST_EPISODES:
        raise ReportError(
            f"{source.path}: asks for {conditions.episodes} episodes; --episodes takes up to "
            f"{MOST_EPISODES}"
        )
    judged = judge(source.policy, conditions, cores=len(available_cores()))
    if arguments.csv is not None:
        _write(arguments.csv, judged.table().csv())
    for line in _lines(source, judged):
        print(for_terminal(line, sys.stdout))
    return 0


def _lines(source: Source, judged: Judged) -> Iterator[str]:
    """The lines for the terminal."""
    conditions, played = judged.conditions, judged.played
    episodes, returns = len(played.returns), played.returns
    yield f"{visible(source.name)} on {visible(conditions.env.id)}"
    cap, cut = plural(judged.max_episode_steps, "step"), int(played.truncated.sum())
    whole = f"{plural(episodes, 'episode')} of seed {conditions.seed}"
    yield f"{whole}, at most {cap} each; {cut} cut short there"
    yield f"mean return {_number(played.return_mean)} ({_interval(judged)})"
    yield (
        f"least {_number(returns.min())}, median {_number(np.median(returns))}, most "
        f"{_number(returns.max())}; {played.lengths.mean():,.1f} steps on average"
    )
    if judged.threshold is not None:
        reached = "reached" if played.return_mean >= judged.threshold else "not reached"
        yield f"threshold {judged.threshold:g}: {reached}"
    own = None if source.run is None else source.run.final_return_mean
    if own is not None and source.is_last and conditions == source.conditions:
        yield f"in the run's own last evaluation, of the same episodes: {_number(own)}"


def _interval(judged: Judged) -> str:
    mean = judged.mean
    if mean.low is not None and mean.high is not None:
        return f"95 % interval {_number(mean.low)} to {_number(mean.high)}"
    returns = judged.played.returns
    if len(returns) > 1 and np.ptp(returns) == 0:
        return "all alike, so no interval"
    return "no interval from fewer than 5 episodes"


def _number(value: float) -> str:
    return f"{value:,.2f}"


def _write(path: Path, content: bytes) -> None:
    try:
        replace_bytes(path, content)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ReportError(f"--csv {path}: cannot be written ({why})") from None


def _parser() -> argparse.ArgumentParser:
    parser = playing_parser("evaluate", USAGE, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--episodes",
        metavar="N",
        type=whole_number(1, MOST_EPISODES),
        help="how many episodes (default: as many as the run's evaluations have, else 20)",
    )
    parser.add_argument(
        "--seed",
        metavar="K",
        type=whole_number(0, MOST_SEED),
        help="where the reset seeds come from (default: the seed of the run, else 0)",
    )
    parser.add_argument("--csv", metavar="FILE", type=file, help="write the returns there")
    return parser
