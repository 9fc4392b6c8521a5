"""The file that a search writes: the best settings, and how they were found. A run takes it from
`conf/tuned/` in the folder where it is started."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import rlbench
from rlbench.clock import utc_now
from rlbench.errors import ConfigError, OutputError, visible
from rlbench.harness.machine import describe
from rlbench.harness.screen import duration
from rlbench.opening import UnreadableFileError, make_directory, open_regular
from rlbench.runs.files import replace_text
from rlbench.tuning.outcome import Outcome
from rlbench.tuning.question import MISSING, Question, value_at
from rlbench.tuning.words import outcome_words

PACKAGE = "# @package _global_\n"  # says to Hydra that the keys are those of a run
MADE_BY = "# Found by rlbench tune"
MAX_BYTES, WIDTH = 1_000_000, 98


def place_of(question: Question, out: Path) -> Path:
    """Where the settings of an agent on an environment are looked for below `conf/tuned`."""
    env = question.asked.env.rpartition(":")[2]
    return out / question.agent.replace(":", "-") / f"{env}.yaml"


def refuse_to_replace(question: Question, out: Path) -> None:
    """Raise ConfigError where somebody else's file is in the place of the one to be written."""
    _replaced(question, out)


def _replaced(question: Question, out: Path) -> str:
    """The file of an earlier search that is in the place of the one to be written; "" where there
    is none. Raises ConfigError where it is somebody else's."""
    place = place_of(question, out)
    text = ""
    try:
        with os.fdopen(open_regular(place, MAX_BYTES), "rb") as file:
            text = file.read(MAX_BYTES).decode(errors="replace")
    except UnreadableFileError as error:
        if str(error) == "is missing":
            return ""
    if not text.startswith(PACKAGE + MADE_BY):
        takes = (
            f"a folder without {place}, which rlbench tune has not written and will not replace; "
            "--out DIR puts it elsewhere"
        )
        raise ConfigError("--out", str(out), takes)
    return text


def write_tuned(
    question: Question,
    out: Path,
    *,
    chosen: dict[str, str],
    outcome: Outcome,
    number: int,
    trials: int,
    spent_s: float,
) -> Path:
    """Write what the best trial had, and return where: what was chosen, what the words of every run
    fixed of the agent, and what the file of an earlier search, which this one replaces, gave it.

    number: of that trial. trials, spent_s: how many there were, and the training of all of them.
    """
    settings = question.settings_of(chosen)
    keys = [*_keys_of(_replaced(question, out)), *_fixed(question), *chosen]
    values: dict[str, Any] = {}
    for key in dict.fromkeys(key.lstrip("+") for key in keys):
        value = value_at(settings, key)
        if value is not MISSING:
            _put(values, key.split("."), value)
    told = [
        f"{MADE_BY[2:]} (rlbench {rlbench.__version__}) on {utc_now()[:10]}: {trials} trials of "
        f"{question.agent} on {question.asked.env}, {duration(spent_s)} of training in all, on "
        f"tuning seeds {', '.join(map(str, question.asked.seeds))} (reporting seeds are 0-99).",
        f"Objective: {question.objective}. Best was trial {number}: "
        f"{outcome_words(outcome, question.objective)}.",
        *_conditions(question),
        f"Every run was given {visible(' '.join(question.words))}.",
        "Searched (the other settings stayed as they were):",
        *(f"  {key}: {one.text()}" for key, one in question.space.items()),
    ]
    lines = [f"# {line}" for text in told for line in _wrapped(text)]
    body = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=10**6)
    place = place_of(question, out)
    try:
        make_directory(place.parent.absolute(), out.absolute())
        replace_text(place, f"{PACKAGE}{chr(10).join(lines)}\n{body}")
    except OSError as error:
        raise OutputError(out, error) from error
    return place


def _fixed(question: Question) -> Iterator[str]:
    """The keys of the agent to which the words of every run give a value."""
    for word in question.asked.words:
        key = word.partition("=")[0]
        if key.lstrip("+").startswith("agent."):
            yield key


def _keys_of(text: str) -> Iterator[str]:
    """The agent's keys in a tuned file."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return
    agent = content.get("agent") if isinstance(content, dict) else None
    if isinstance(agent, dict):
        yield from _leaves(agent, "agent")


def _leaves(values: dict[Any, Any], before: str) -> Iterator[str]:
    for name, value in values.items():
        key = f"{before}.{name}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, key)
        else:
            yield key


def _conditions(question: Question) -> Iterator[str]:
    base, cpu = question.base, visible(describe().cpu_model)
    budget = base.budget
    most = [f"{budget.train_seconds:g} s of training"] if budget.train_seconds else []
    most += [f"{budget.env_steps:,} steps"] if budget.env_steps else []
    yield f"A run had at most {' and '.join(most)}, cores={base.cores}, on {cpu or 'this machine'}."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  " if text.startswith("  ") else "")


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
    values[path[-1]] = value
