"""`rlbench tune`: the settings of an agent on an environment, found by trying."""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlbench.cli.arguments import by_key, folder, words_parser
from rlbench.errors import ConfigError, ReportError, RunError
from rlbench.extras import install_command
from rlbench.harness.screen import for_terminal

if TYPE_CHECKING:
    from rlbench.tuning.outcome import Objective
    from rlbench.tuning.question import Asked, Question
    from rlbench.tuning.search import Search

RESULTS = Path("results/tune")
OUT = Path("conf/tuned")
TRIALS, SEEDS = 20, 3
REPORTED_SEEDS = 100  # those below are for results that are reported
FIRST_SEED = 1000
MOST_SEEDS, MOST_EFFORT_S = 100, 1e9
OBJECTIVES: tuple[Objective, ...] = ("time_to_threshold", "final_return")
AGENTS = "one agent or several, as agent=es,dqn"
OWN = ("agent", "env", "trials", "effort", "seeds", "objective", "space", "prune", "results_dir")
ELSEWHERE = {
    "seed": "seeds=", "agents": "agent=", "agent.algorithm": "agent=NAME:ALGORITHM",
    "overwrite": "another results_dir=",
}  # fmt: skip

DESCRIPTION = f"""\
Which settings make an agent learn soonest here? Tries settings, each on several seeds that no
report uses, and writes the best ones to {OUT}/AGENT/ENV.yaml, which the next run takes. Started
again, it goes on where it was stopped; with more trials or effort it goes on from what it knows.

  agent=NAME[,NAME...]  the agents; each gets the same trials and effort
  env=ID                the environment
  trials=N              settings that are tried (default: {TRIALS}, with effort as many as fit)
  effort=SECONDS        seconds of training that all trials of an agent may take together
  seeds=N               seeds of each trial, from {FIRST_SEED} on (default: {SEEDS});
                        seeds=2000,2001 are those themselves. Those below {REPORTED_SEEDS}, which
                        reports use, are refused
  objective=NAME        time_to_threshold (default, where there is a threshold) or final_return
  agent.KEY=interval(LOW,HIGH)    vary a number; tag(log,interval(LOW,HIGH)): each factor is as
                        likely; int(interval(LOW,HIGH)): whole numbers
  agent.KEY=A,B,C       vary over values; any such word replaces what is varied by default
  space=FILE.yaml       what is varied, by agent (docs/tuning.md)
  prune=false           also finish trials that are behind the median of the others
  KEY=VALUE             any other setting (rlbench --help), such as budget.train_seconds=60, which
                        each run may take; results_dir is {RESULTS} where it is not given"""
EXAMPLES = """\
examples:
  rlbench tune agent=es env=CartPole-v1 trials=20 budget.train_seconds=30 cores=1
  rlbench tune agent=es,dqn env=Acrobot-v1 effort=600 budget.train_seconds=60
  rlbench tune agent=es env=CartPole-v1 'agent.sigma=interval(0.01,1)' agent.population=32,64"""


def main(argv: Sequence[str] | None = None) -> int:
    """The subcommand; 0 done.

    Raises ConfigError for words that are not taken, and ReportError where Optuna is missing, before
    anything starts; RunError where a study cannot be used or no trial works; KeyboardInterrupt.
    """
    arguments = _parser().parse_intermixed_args(argv)
    if importlib.util.find_spec("optuna") is None:
        raise ReportError(f"tune needs Optuna: {install_command('tune')}")
    given = _given(arguments.words)
    questions = _questions(given, arguments.config_dir)
    from rlbench.tuning.tuned_file import refuse_to_replace
    from rlbench.tuning.words import plan_lines

    for question in questions:
        refuse_to_replace(question, arguments.out)
    for question in questions:
        for line in plan_lines(question):
            _say(line)
    if not questions[0].base.dry_run:
        _search(questions, arguments.out)
    return 0


def _search(questions: Sequence[Question], out: Path) -> None:
    """Make the searches, and write what they found."""
    from rlbench.tuning.search import searched

    with searched(questions, _say) as searches:
        found = [_write(search, out) for search in searches]
    if not all(found):
        raise RunError("no trial of an agent was completed: a longer effort, or more trials")


def _write(search: Search, out: Path) -> bool:
    from rlbench.tuning.tuned_file import write_tuned
    from rlbench.tuning.words import outcome_words

    question, best = search.question, search.study.best()
    if best is None:
        _say(f"{question.agent}: no trial was completed; nothing is written")
        return False
    trial, outcome = best
    place = write_tuned(
        question,
        out,
        chosen=search.study.chosen_by(trial),
        outcome=outcome,
        number=trial.number + 1,
        trials=len(search.study.over),
        spent_s=search.spent_s,
    )
    _say(
        f"{question.agent}: best of {len(search.study.over)} trials was number {trial.number + 1}: "
        f"{outcome_words(outcome, question.objective)}"
    )
    is_taken = out.absolute() == OUT.absolute()  # by runs that are started here
    who = f", for `rlbench agent={question.agent} env={question.asked.env}` here" * is_taken
    _say(f"written: {place}{who}")
    return True


def _questions(given: dict[str, str], config_dir: str | None) -> list[Question]:
    from rlbench.config.spaces import space_of_words
    from rlbench.tuning.question import pose

    agents = given.get("agent", "").split(",")
    if not all(agents):
        raise ConfigError("agent", given.get("agent", ""), AGENTS)
    others = [f"{key}={value}" for key, value in given.items() if key not in OWN]
    space = space_of_words(others)
    if space and len(agents) > 1:
        key = next(iter(space))
        takes = "one value with several agents; space=FILE.yaml says what is varied of each"
        raise ConfigError(key, given[key], takes)
    fixed = [word for word in others if word.partition("=")[0] not in space]
    asked = _asked(given, tuple(fixed), config_dir)
    file = Path(given["space"]) if given.get("space") else None
    questions = [pose(agent, asked, space, file) for agent in agents]
    if len({question.agent for question in questions}) < len(questions):  # sb3 is sb3:PPO
        raise ConfigError("agent", given["agent"], f"{AGENTS}, each of them once")
    return questions


def _asked(given: dict[str, str], fixed: tuple[str, ...], config_dir: str | None) -> Asked:
    from rlbench.config.folders import config_folder
    from rlbench.tuning.question import Asked
    from rlbench.tuning.words import UNLIMITED

    env = given.get("env", "")
    if not env or "," in env:
        raise ConfigError("env", env, "one Gymnasium id, as env=CartPole-v1")
    effort = _number(given, "effort", 1.0, MOST_EFFORT_S)
    trials = _number(given, "trials", 1, UNLIMITED, whole=True)
    if trials is None:
        trials = TRIALS if effort is None else UNLIMITED
    return Asked(
        env=env,
        words=fixed,
        seeds=_seeds(given.get("seeds", str(SEEDS))),
        results_dir=Path(given.get("results_dir") or RESULTS),
        trials=int(trials),
        effort_s=effort,
        objective=_objective(given.get("objective", "auto")),
        prune=_truth("prune", given.get("prune", "true")),
        config_dir=None if config_dir is None else config_folder("--config-dir", config_dir),
    )


def _number(
    given: dict[str, str], key: str, low: float, high: float, *, whole: bool = False
) -> float | None:
    if key not in given:
        return None
    try:
        value = float(given[key])
    except ValueError:
        value = -1.0
    if not low <= value <= high or (whole and not value.is_integer()):
        kind = "a whole number" if whole else "a number of seconds"
        raise ConfigError(key, given[key], f"{kind} from {low:g} to {high:,.0f}")
    return value


def _seeds(word: str) -> tuple[int, ...]:
    """`1000, 1001, 1002` where `word` is 3; of several numbers, these."""
    if re.fullmatch(r"\d{1,10}(,\d{1,10})+", word, re.ASCII):
        seeds = tuple(dict.fromkeys(map(int, word.split(","))))
        reported = [seed for seed in seeds if seed < REPORTED_SEEDS]
        if reported or max(seeds) >= 2**31 or len(seeds) > MOST_SEEDS:
            takes = (
                f"up to {MOST_SEEDS} seeds from {REPORTED_SEEDS} to {2**31 - 1}: those below are "
                "reported, and settings that were chosen on them would look too good"
            )
            raise ConfigError("seeds", word, takes)
        return seeds
    if not re.fullmatch(r"\d{1,3}", word, re.ASCII) or not 1 <= int(word) <= MOST_SEEDS:
        takes = f"a number from 1 to {MOST_SEEDS}, or the seeds themselves, as 1000,1001"
        raise ConfigError("seeds", word, takes)
    return tuple(range(FIRST_SEED, FIRST_SEED + int(word)))


def _objective(word: str) -> Objective | None:
    found = next((name for name in OBJECTIVES if name == word), None)
    if found is None and word != "auto":
        raise ConfigError("objective", word, f"auto, {' or '.join(OBJECTIVES)}")
    return found


def _truth(key: str, word: str) -> bool:
    if word not in ("true", "false"):
        raise ConfigError(key, word, "true or false")
    return word == "true"


def _given(words: Sequence[str]) -> dict[str, str]:
    given = by_key("tune", words)
    for key, value in given.items():
        if (instead := ELSEWHERE.get(key.lstrip("+"))) is not None:
            raise ConfigError(key, value, f"no value in tune; {instead} is its word")
    return given


def _parser() -> argparse.ArgumentParser:
    usage = "agent=NAME env=ID [trials=N] [effort=SECONDS] [KEY=VALUE ...]"
    parser = words_parser("tune", usage, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--out", metavar="DIR", type=folder, default=OUT,
        help=f"place of AGENT/ENV.yaml (default: {OUT})",
    )  # fmt: skip
    return parser


def _say(line: str) -> None:
    print(for_terminal(line, sys.stdout), flush=True)
