"""`rlbench dream`: pictures that excite what a network has learned."""

from __future__ import annotations

import argparse
import importlib.util
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rlbench.cli.arguments import folder
from rlbench.cli.playing import asked_conditions, playing_parser, sorted_words, whole_number
from rlbench.dreams.run_dreams import RunDreams, dream_of, network_of
from rlbench.errors import ReportError, visible
from rlbench.extras import install_command
from rlbench.playing.source import Source, read_source
from rlbench.reports.output import add_files, check_place

MOST_RUNS = 2
MOST_CHANNEL, MOST_SMOOTHING_PX = 10_000, 10.0
NUMBERS = {  # options: what stands for the number, its range, what it means
    "--step": ("N", 0, 100_000, "the frame: step N of the first episode (default: in its middle)"),
    "--seed": ("K", 0, 2**31 - 1, "of episode, noise and jitter (default: the run's, else 0)"),
    "--steps": ("N", 1, 1_000, "steps of each octave (default: 16, on boards 48)"),
    "--octaves": ("N", 1, 6, "widths of patterns, wide ones first (default: 3, on boards 1)"),
    "--jitter": ("PX", 0, 20, "how far a picture is moved before a step (default: 4, on boards 0)"),
}

USAGE = "RUN|FILE [RUN|FILE] --out DIR [env=ID] [--layer NAME [--channel N] | --action NAME]"
DESCRIPTION = """\
DeepDream on what a network for pixels has learned: gradient ascent on the picture that it sees,
from noise or a frame of its game, for each channel, unit and action. It writes a grid for each
layer, trained above untrained, a frame before and after, and the numbers by which the two differ
(dream.json). Two runs stand side by side."""
EXAMPLES = """\
examples:
  rlbench dream results/runs/dqn/MinAtar__Breakout-v1/*/seed0 --out dream
  rlbench dream ES_RUN DQN_RUN --out both
  rlbench dream RUN --layer conv2 --channel 5 --from frame --out five
  rlbench dream RUN --action FIRE --out fire"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where there is no policy on pixels that can be used, for a layer, channel or
    action that is not there, where the files have no place, or what drawing needs is missing;
    ConfigError for conditions that are not taken; RunError where playing fails.
    """
    arguments = _parser().parse_intermixed_args(argv)
    paths, words = sorted_words(arguments.words)
    if not 1 <= len(paths) <= MOST_RUNS:
        given = " ".join(map(str, paths)) or "none"
        raise ReportError(f"dream: got {given}; takes 1 or 2 RUNs or FILEs")
    if arguments.channel is not None and arguments.layer is None:
        raise ReportError("--channel: takes --layer NAME beside it")
    if arguments.action and arguments.layer:
        raise ReportError("--action: takes no --layer beside it")
    check_place(arguments.out)
    if importlib.util.find_spec("PIL") is None:
        raise ReportError(f"dream needs PIL: {install_command('video')}")
    sources = [read_source(path) for path in paths]
    for source in sources:
        network_of(source)  # before anything that takes time
    found = [_of_run(source, words, arguments) for source in sources]
    _write(arguments.out, found)
    return 0


def _of_run(source: Source, words: Sequence[str], arguments: argparse.Namespace) -> RunDreams:
    from rlbench.dreams.study import Asked, recipe_for

    conditions = asked_conditions(source, words)
    seed = conditions.seed if arguments.seed is None else arguments.seed
    conditions = conditions.model_copy(update={"seed": seed})
    changes = {
        "steps": arguments.steps,
        "octaves": arguments.octaves,
        "jitter_px": arguments.jitter,
        "smoothing_px": arguments.smoothing,
    }
    height = network_of(source).network.observation_shape[1]
    recipe = replace(recipe_for(height), **{k: v for k, v in changes.items() if v is not None})
    asked = Asked(recipe, seed, arguments.layer, arguments.channel, arguments.begin)
    title = visible(f"{source.name}  {conditions.env.id}  seed {seed}")
    return dream_of(source, conditions, title, asked, arguments.action, arguments.step)


def _write(out: Path, found: Sequence[RunDreams]) -> None:
    from rlbench.dreams.account import as_json, lines
    from rlbench.dreams.pictures import before_and_after, layer_picture
    from rlbench.runs.files import to_json

    runs = [one.dreamt for one in found]
    layers = dict.fromkeys(dreams.layer.name for run in runs for dreams in run.trained)
    files = {f"{layer}.png": layer_picture(runs, layer) for layer in layers}
    files["before-after.png"] = before_and_after(runs)
    files["dream.json"] = (to_json(as_json(found), indent=1) + "\n").encode()
    written = add_files(out, files)
    for one in found:
        print("\n".join(lines(one)))
    print(f"{', '.join(file.name for file in written)} in {out}")


def _parser() -> argparse.ArgumentParser:
    parser = playing_parser("dream", USAGE, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--out", metavar="DIR", type=folder, required=True, help="place of the files"
    )
    parser.add_argument(
        "--layer", metavar="NAME",
        help="conv1, conv2, ..., dense1, ..., actions (default: all convolutions, the last hidden "
        "layer, the actions)",
    )  # fmt: skip
    parser.add_argument(
        "--channel", metavar="N", type=whole_number(0, MOST_CHANNEL),
        help="one channel or unit of the layer (default: all, or 64 of more)",
    )  # fmt: skip
    parser.add_argument("--action", metavar="NAME", default="", help="one action, as LEFT or 2")
    parser.add_argument(
        "--from", dest="begin", choices=("frame", "noise"),
        help="what dreams begin with (default: noise, and the frame for before and after)",
    )  # fmt: skip
    for option, (name, low, high, meaning) in NUMBERS.items():
        parser.add_argument(option, metavar=name, type=whole_number(low, high), help=meaning)
    parser.add_argument(
        "--smoothing", metavar="PX", type=_pixels,
        help="width of the finest octave's blur (default: 0.5, on boards 0)",
    )  # fmt: skip
    return parser


def _pixels(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST_SMOOTHING_PX:
        takes = f"a number from 0 to {MOST_SMOOTHING_PX:g}"
        raise argparse.ArgumentTypeError(f"got {word}, takes {takes}")
    return value
