"""`rlbench compare`: agents on an environment, from the first run to the answer."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rlbench.analysis.groups import check_agent_of_baseline
from rlbench.cli.arguments import add_open, by_key, folder, words_parser
from rlbench.cli.browser import open_page, page_line
from rlbench.cli.drawing import own_matplotlib
from rlbench.config.command_line import run_with_hydra
from rlbench.errors import ConfigError, ReportError, RlbenchError, RunError
from rlbench.harness.screen import for_terminal
from rlbench.settings import AUTO

RESULTS = Path("results/compare")
AGENTS = "dqn,es"
SEEDS = 5
MOST_SEEDS = 1000

DESCRIPTION = f"""\
Which agent solves an environment sooner on this machine? Trains every agent with every seed,
one run after another on all cores, draws the report, and says who was faster and how sure that is.
Started again, it runs only what is missing. It answers about the runs that it asks for; others in
results_dir are left alone.

  env=ID[,ID...]        the environments; `rlbench envs` lists them
  agents=NAME[,NAME...] the agents (default: {AGENTS})
  seeds=N               seeds 0 to N-1 of each agent (default: {SEEDS}; fewer than 4 leave every
                        comparison open); seeds=3,7,11 are those themselves
  KEY=VALUE             any other setting (rlbench --help), such as budget.train_seconds=60;
                        results_dir is {RESULTS} where it is not given"""
EXAMPLES = """\
examples:
  rlbench compare env=CartPole-v1
  rlbench compare env=LunarLander-v3 agents=es,dqn seeds=10 budget.train_seconds=300
  rlbench compare env=CartPole-v1 dry_run=true     what it would run"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ConfigError for words that are not taken, before anything starts; RunError where a run
    failed, after the others have ended and the report is drawn; KeyboardInterrupt.
    """
    arguments = _parser().parse_intermixed_args(argv)
    given = by_key("compare", arguments.words)
    words = _words_of_the_sweep(given)
    with _agents_for_agent():
        _refuse_what_gives_no_answer(given, words, arguments.config_dir)
    if arguments.baseline is not None:
        check_agent_of_baseline(_agents(words), arguments.baseline)
    if arguments.config_dir is not None:
        words += ["--config-dir", arguments.config_dir]
    failure: RlbenchError | None = None
    runs: list[Path] = []
    if compares_nothing(given) and not _is_dry_run(given):
        note = f"note: {given['agents']} alone has nothing to be compared with; agents=NAME,NAME"
        print(for_terminal(note, sys.stderr), file=sys.stderr)
    try:
        _sweep(words, runs)
    except RunError as error:  # a run that failed does not hide what the others found
        failure = error
    if not _is_dry_run(given):
        directory = Path(given.get("results_dir", str(RESULTS)))
        try:
            page = _report(directory, runs, arguments.out, arguments.baseline)
        except ReportError as error:
            raise failure or error from None
        if arguments.open:
            open_page(page)
    if failure is not None:
        raise failure
    return 0


def _parser() -> argparse.ArgumentParser:
    usage = "env=ID [agents=NAME,NAME] [seeds=N] [KEY=VALUE ...]"
    parser = words_parser("compare", usage, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--baseline", metavar="NAME", help="what the others are compared with (default: dqn)"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=folder,
        help="place of the report (default: RESULTS_DIR/report)",
    )
    add_open(parser)
    return parser


def _is_dry_run(given: dict[str, str]) -> bool:
    from rlbench.config.compose import compose

    return "dry_run" in given and bool(compose([f"dry_run={given['dry_run']}"]).dry_run)


def _words_of_the_sweep(given: dict[str, str]) -> list[str]:
    """The words of the sweep, `agents` and `seeds` put into the keys of a run."""
    rest = dict(given)
    if not rest.get("env"):
        takes = "a Gymnasium id, as env=CartPole-v1; `rlbench envs` lists them"
        raise ConfigError("env", rest.get("env", ""), takes)
    _each_once("env", rest["env"])
    for key, word in (("agent", "agents"), ("seed", "seeds")):
        if key in rest:
            raise ConfigError(
                key, rest[key], f"no value in compare; {word}={rest[key]} is its word"
            )
    rest["agent"] = _each_once("agents", rest.pop("agents", AGENTS))
    rest["seed"] = _seeds(rest.pop("seeds", str(SEEDS)))
    rest.setdefault("results_dir", str(RESULTS))
    return ["-m", *(f"{key}={value}" for key, value in rest.items())]


@contextlib.contextmanager
def _agents_for_agent() -> Iterator[None]:
    """An error of `agent` within names `agents`, the word that is given here."""
    try:
        yield
    except ConfigError as error:
        if error.key != "agent" or error.file:
            raise
        raise type(error)("agents", error.got, error.takes) from None


def compares_nothing(given: Mapping[str, str]) -> bool:
    """Whether the words ask for one agent alone, and not for variants of it."""
    values = [re.sub(r"\[.*?\]", "", given[key]) for key in given if "agent." in key]  # no lists
    variants = any("," in value or "(" in value for value in values)
    return "," not in given.get("agents", AGENTS) and not variants


def _refuse_what_gives_no_answer(
    given: dict[str, str], words: Sequence[str], config_dir: str | None
) -> None:
    """Raise ConfigError for an agent or an environment that is not there, for an agent that cannot
    be used here or does not suit an environment, and for an environment without a threshold, on
    which no time can be compared: before any run starts."""
    from rlbench.config.compose import compose
    from rlbench.config.folders import config_folder
    from rlbench.harness.plan import check_agent_here, plan_run

    folder = None if config_dir is None else config_folder("--config-dir", config_dir)
    chosen = dict(word.split("=", 1) for word in words if "=" in word)
    shared = [
        f"{key}={value}"
        for key, value in given.items()
        if key.lstrip("+").startswith(("env.", "experiment")) and "," not in value
    ]
    agents, envs = chosen["agent"].split(","), chosen["env"].split(",")
    for env in envs:
        composed = [compose([f"agent={agent}", f"env={env}", *shared], folder) for agent in agents]
        for settings in composed:
            check_agent_here(settings)
        if composed[0].env.threshold != AUTO or "env.threshold" in given:
            continue
        plan = plan_run(composed[0])
        if plan.env.threshold is None:
            takes = (
                f"a number: {env} has no mean return that is known to count as solved, so no time "
                "can be compared (null compares the returns alone)"
            )
            raise ConfigError("env.threshold", AUTO, takes)
        if not any(key.lstrip("+").startswith("agent.") for key in given):  # else a job looks
            for settings in composed[1:]:
                plan_run(settings, plan.env)


def _agents(words: Sequence[str]) -> list[str]:
    (agents,) = (word.removeprefix("agent=") for word in words if word.startswith("agent="))
    return agents.split(",")


def _seeds(word: str) -> str:
    """`0,1,2` where `word` is 3; of several numbers, these."""
    if re.fullmatch(r"\d{1,9}(,\d{1,9})+", word, re.ASCII):
        return _each_once("seeds", ",".join(str(int(seed)) for seed in word.split(",")))
    if not word.isascii() or not word.isdigit() or not 1 <= int(word[:9]) <= MOST_SEEDS:
        takes = f"a number from 1 to {MOST_SEEDS}, or the seeds themselves, as 3,7,11"
        raise ConfigError("seeds", word, takes)
    return ",".join(map(str, range(int(word))))


def _each_once(key: str, word: str) -> str:
    """`word`, which lists something; raises ConfigError where it lists one thing twice."""
    names = word.split(",")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(key, word, f"each of them once, and {twice} is there twice")
    return word


def _sweep(words: Sequence[str], runs: list[Path]) -> None:
    """Run the sweep; `runs` becomes the directories of its runs."""
    from rlbench.cli.main import run_guest, run_one

    def keep(directories: Sequence[Path], _: Path) -> Sequence[str]:
        runs.extend(directories)
        return ()

    run_with_hydra(words, run_one, run_guest, keep)


def _report(directory: Path, runs: Sequence[Path], out: Path | None, baseline: str | None) -> Path:
    """Draw the report of `runs`; of everything in `directory` where another sweeper than rlbench's
    ran them, as it does not say which they were."""
    from rlbench.collection import answer_lines
    from rlbench.reports.build import build_report

    with own_matplotlib():
        report = build_report(directory, out, baseline=baseline, only=runs or None)
    for line in answer_lines(runs, baseline):
        print(for_terminal(line, sys.stdout))
    for problem in report.problems:
        print(for_terminal(f"note: {problem}", sys.stderr), file=sys.stderr)
    print(page_line(report.page))
    return report.page
