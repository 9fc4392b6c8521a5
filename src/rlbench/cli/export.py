"""`rlbench export`: a run's policy as a file for other tools."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from rlbench.cli.arguments import file
from rlbench.cli.playing import playing_parser, the_one
from rlbench.errors import ReportError
from rlbench.exports.facts import exported
from rlbench.exports.write import WRITERS, write
from rlbench.extras import install_command
from rlbench.playing.source import read_source

LICENCE = "Apache-2.0"
SUFFIXES = {".onnx": "onnx", ".keras": "keras", "": "saved_model"}

USAGE = "RUN|FILE --out FILE [--format FORMAT] [--licence TEXT]"
DESCRIPTION = """\
Write the policy of a run, or of a policy.npz, as a file that other tools read: ONNX (without
TensorFlow), Keras or TensorFlow's SavedModel. Normalisation of observations and the decoding of
actions are inside; metadata says environment, agent, version and licence. A card in Markdown is
written beside it (FILE.md): score with interval, clock, how it was trained, how to use it."""
EXAMPLES = """\
examples:
  rlbench export results/runs/es/CartPole-v1/*/seed0 --out policy.onnx
  rlbench export RUN/policy-best.npz --out policy.keras
  rlbench export RUN --format saved_model --out policy"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where there is no policy with a network, what the format needs is missing, or
    the files have no place.
    """
    arguments = _parser().parse_intermixed_args(argv)
    path = the_one([Path(word) for word in arguments.words], "export")
    form = _form(arguments.format, arguments.out)
    if form == "onnx" and importlib.util.find_spec("onnx") is None:
        raise ReportError(f"export --format onnx needs onnx: {install_command('onnx')}")
    found = exported(read_source(path), arguments.licence)
    for written in write(found, form, arguments.out):
        print(written)
    return 0


def _form(asked: str | None, out: Path) -> str:
    """The format: what is asked for, else what the file's name says."""
    if not out.name:
        raise ReportError(f"--out {out}: takes the name of a file")
    suffix = out.suffix.lower()
    named = SUFFIXES.get(suffix)
    form = asked or named
    if form is None:
        raise ReportError(f"--out {out}: takes a name that ends in .onnx or .keras, or --format")
    if suffix and named is not None and form != named:
        raise ReportError(f"--out {out}: the ending says {named}, and --format {form}")
    if form == "keras" and suffix != ".keras":
        raise ReportError(f"--out {out}: takes a name that ends in .keras, by which Keras knows it")
    return form


def _parser() -> argparse.ArgumentParser:
    parser = playing_parser("export", USAGE, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--out", metavar="FILE", type=file, required=True, help="the file; of SavedModel, a folder"
    )
    parser.add_argument(
        "--format",
        choices=tuple(WRITERS),
        help="default: what FILE ends in, .onnx or .keras; saved_model without an ending",
    )
    parser.add_argument(
        "--licence",
        metavar="TEXT",
        default=LICENCE,
        help=f"what file and card state as its licence (default: {LICENCE}, that of rlbench)",
    )
    return parser
