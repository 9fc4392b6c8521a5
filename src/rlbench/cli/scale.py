"""`rlbench scale`: what a run would take on more workers."""

from __future__ import annotations

import argparse
import importlib.util
import math
import shutil
import textwrap
from collections.abc import Sequence

from rlbench.cli.arguments import add_open, folder
from rlbench.cli.browser import open_page
from rlbench.cli.drawing import own_matplotlib
from rlbench.cli.parser import Parser
from rlbench.errors import ReportError
from rlbench.extras import install_command
from rlbench.opening import no_directory
from rlbench.reports.output import PAGE, add_files, check_place, keep_others_file
from rlbench.scaling.forecast import FILE, Forecast, forecast, forecast_table
from rlbench.scaling.generation import PROTOCOLS
from rlbench.scaling.hardware import SOURCES, Hardware
from rlbench.scaling.measured import read_measured
from rlbench.scaling.prediction import SIZES
from rlbench.scaling.text import forecast_lines
from rlbench.wording import plural

MOST_WORKERS = 10_000
MOST_SIZES = 50
MAX_WIDTH = 100

DESCRIPTION = """\
Predict what a run of ES or DQN would take on 1 to 10,000 workers: a discrete-event model, fed by
what the run measured and by the hardware that the options state. It names what holds it up at each
size, and says where workers stop paying. How far it is from measured and published times is in
docs/scaling.md."""
EXAMPLES = """\
examples:
  rlbench scale results/runs/es/Hopper-v5/*/seed0
  rlbench scale RUN OTHER          also how far OTHER, a run on other cores, is from the prediction
  rlbench scale RUN --out scaling  also a page, the figure and a table"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ReportError where a RUN cannot be used, SimPy is missing, or the files have no place.
    """
    arguments = _parser().parse_intermixed_args(argv)
    if importlib.util.find_spec("simpy") is None:
        raise ReportError(f"scale needs SimPy: {install_command('scale')}")
    if arguments.out is not None:
        check_place(arguments.out)
        if not (arguments.out / FILE).is_file():
            keep_others_file(arguments.out, PAGE)
    found = _forecast(arguments)
    width = max(min(shutil.get_terminal_size().columns, MAX_WIDTH), 40)
    for line in forecast_lines(found):
        print(_wrapped(line, width))
    if arguments.out is not None:
        with own_matplotlib():
            # Late: drawing takes half a second to import.
            from rlbench.reports.scaling_page import scaling_files

            files = scaling_files(found)
        files |= {(table := forecast_table(found)).file: table.csv()}
        written = add_files(arguments.out, files)
        print(f"\n{plural(len(written), 'file')} in {arguments.out}")
        if arguments.open:
            open_page(arguments.out / PAGE)
    return 0


def _wrapped(line: str, width: int) -> str:
    """A sentence in several lines; a row of a table stays one."""
    if len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  "
    )


def _forecast(arguments: argparse.Namespace) -> Forecast:
    hardware = Hardware(
        cores_per_machine=arguments.cores_per_machine,
        latency_s=arguments.latency_ms / 1000.0,
        bandwidth_bytes_s=arguments.gbit_per_s * 1e9 / 8.0,
        message_s=arguments.message_us / 1e6,
        crowded=arguments.crowded,
    )
    for run in arguments.runs:
        missing = no_directory(run)
        if missing is not None:
            raise ReportError(f"{run}: {missing}")
    first, *others = [read_measured(run, hardware) for run in arguments.runs]
    for other in others:
        same = (other.run.agent, other.run.env, other.run.learning)
        if same != (first.run.agent, first.run.env, first.run.learning):
            raise ReportError(
                f"{other.run.directory}: learns something else than {first.run.directory}; takes "
                "runs of the same agent, environment and settings"
            )
    return forecast(first, hardware, arguments.update, arguments.workers, others)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("scale", DESCRIPTION, EXAMPLES)
    default = Hardware()
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        type=folder,
        help="a run's directory: .../seedK",
    )
    parser.add_argument(
        "--workers", metavar="N,N,...", type=_sizes, default=SIZES,
        help=f"numbers of workers (default: {','.join(map(str, SIZES))})",
    )  # fmt: skip
    parser.add_argument(
        "--update", choices=PROTOCOLS, default=PROTOCOLS[0],
        help="of ES: chain, as rlbench does, the sum going from worker to worker; central, every "
        "block's vector to the master; tree, added up on the way as in Ray's ES; relay, returns "
        "alone, as in the code of Salimans et al. "
        f"(default: {PROTOCOLS[0]})",
    )  # fmt: skip
    _add_number(parser, "--cores-per-machine", "N", default.cores_per_machine, whole=True)
    _add_number(parser, "--latency-ms", "MS", 1000 * default.latency_s)
    _add_number(parser, "--gbit-per-s", "GBIT", 8e-9 * default.bandwidth_bytes_s, least=1e-3)
    _add_number(parser, "--message-us", "US", 1e6 * default.message_s)
    _add_number(parser, "--crowded", "TIMES", default.crowded, least=1.0)
    parser.add_argument("--out", metavar="DIR", type=folder, help="write page, figure, table there")
    add_open(parser)
    return parser


_MEANINGS = {
    "--cores-per-machine": ("cores of a machine, one worker each", "cores_per_machine"),
    "--latency-ms": ("of a message between two machines", "latency_s"),
    "--gbit-per-s": ("bandwidth of a machine's link", "bandwidth_bytes_s"),
    "--message-us": ("CPU time of a message, at either end", "message_s"),
    "--crowded": ("times the CPU of one core alone, where all of a machine are busy", "crowded"),
}


def _add_number(
    parser: argparse.ArgumentParser,
    option: str,
    name: str,
    default: float,
    *,
    whole: bool = False,
    least: float = 0.0,
) -> None:
    meaning, key = _MEANINGS[option]

    def value(word: str) -> float:
        try:
            found = int(word) if whole else float(word)
        except ValueError:
            found = math.nan
        low = 1 if whole else least
        if not low <= found <= 1e6:
            kind = "a whole number" if whole else "a number"
            raise argparse.ArgumentTypeError(f"got {word}, takes {kind} from {low:g} to 1e6")
        return found

    parser.add_argument(
        option, metavar=name, type=value, default=default,
        help=f"{meaning} (default: {default:g}, {SOURCES[key]})",
    )  # fmt: skip


def _sizes(word: str) -> tuple[int, ...]:
    parts = word.split(",")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
    allowed = all(1 <= number <= MOST_WORKERS for number in numbers)
    if len(numbers) < len(parts) or not allowed or len(numbers) > MOST_SIZES:
        raise argparse.ArgumentTypeError(
            f"got {word}, takes up to {MOST_SIZES} numbers from 1 to {MOST_WORKERS}, with commas"
        )
    return tuple(sorted(set(numbers)))
