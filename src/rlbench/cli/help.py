"""`rlbench help` and `--help`: the commands, and what every key means."""

from __future__ import annotations

import difflib
import importlib
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlbench.cli.overview import COMMANDS, ENDING, EXAMPLES, QUESTION, SUBCOMMANDS, overview
from rlbench.cli.parser import Parser
from rlbench.config.folders import search_folders
from rlbench.config.key_docs import (
    KeyDoc,
    documented,
    headline,
    keys_of_agent,
    keys_of_runs,
    names,
)
from rlbench.config.words import as_text
from rlbench.errors import ConfigError, UnknownKeyError

DESCRIPTION = """\
Say what a key means, what it is set to where nothing else is asked for, and in which file that
stands; with KEY=VALUE words also what it is set to then. Without KEY: the commands."""
EXAMPLE = """\
examples:
  rlbench help budget.env_steps
  rlbench help agent.population env=CartPole-v1"""
DEFAULT_AGENT = "es"
TITLES = {
    "": "Run",
    "executor": "Executor",
    "budget": "Budget",
    "env": "Environment",
    "eval": "Evaluation",
    "checkpoint": "Checkpoints",
}
KEY_WIDTH, LEAST_WIDTH, MOST_WIDTH = 31, 40, 100
JOBS = KeyDoc(
    "hydra.launcher.jobs",
    "auto",
    "jobs of a sweep side by side; auto: as many as the cores allow, one where cores=auto",
    Path(),
)


def main(argv: Sequence[str]) -> int:
    """`rlbench help [KEY] [KEY=VALUE ...]`; returns the exit status.

    Raises UnknownKeyError for a key that is not there.
    """
    parser = Parser("help", DESCRIPTION, EXAMPLE)
    parser.add_argument("words", nargs="*", metavar="KEY", help="a key, a group, a command")
    parser.add_argument("--config-dir", metavar="DIR", help="a folder of YAML files of yours")
    arguments = parser.parse_intermixed_args(list(argv))
    asked = [word for word in arguments.words if "=" not in word]
    settings = [word for word in arguments.words if "=" in word]
    if not asked:
        print(overview(), end="")
        return 0
    if len(asked) > 1:
        raise ConfigError("help", " ".join(asked), "one key, as in `rlbench help budget.env_steps`")
    if asked[0] in SUBCOMMANDS and asked[0] != "help":
        return int(importlib.import_module(SUBCOMMANDS[asked[0]]).main(["--help"]) or 0)
    if arguments.config_dir is not None:
        settings += ["--config-dir", arguments.config_dir]
    for line in _about(asked[0], settings):
        print(line)
    return 0


def print_everything(words: Sequence[str]) -> int:
    """`rlbench [KEY=VALUE ...] --help`; returns the exit status."""
    asked = [word for word in words if word not in ("--help", "-h")]
    values, folders = _values(asked)
    agent = documented(str(values.get("agent.name", DEFAULT_AGENT)))
    docs = [*keys_of_runs(folders), JOBS, *_agents_keys(agent, folders, values)]
    print(QUESTION)
    print(f"{COMMANDS}\n{EXAMPLES}")
    for line in [*_choices(folders), "", *_keys(docs, agent, values, folders)]:
        print(line)
    print(ENDING, end="")
    return 0


def _about(key: str, words: Sequence[str]) -> Iterator[str]:
    """What there is to say about one key, or about the keys of one group."""
    values, folders = _values(words)
    agents = {name: keys_of_agent(name, folders) for name in names("agent", folders)}
    everything = [*keys_of_runs(folders), JOBS, *(doc for docs in agents.values() for doc in docs)]
    found = [doc for doc in everything if doc.key == key and doc.default is not None]
    found = found or [doc for doc in everything if doc.default and doc.group == key]
    found = found or [
        doc for doc in everything if doc.default and doc.key.rpartition(".")[2] == key
    ]
    if key in ("agent", "experiment"):
        yield from _named(key, folders)
        return
    if not found:
        raise _unknown(key, everything)
    for doc in found:
        whose = f"   of agent={doc.agent}" if doc.agent else ""
        yield f"{doc.key}{whose}"
        yield from _wrapped(doc.comment, "  ")
        yield f"  default  {_typed(doc)}"
        if doc.key in values and doc.agent in ("", documented(str(values["agent.name"]))):
            yield f"  value    {_shown(doc, values)}   with {' '.join(words)}"
        if doc is not JOBS:
            yield f"  from     {doc.file}"


def _unknown(key: str, docs: Iterable[KeyDoc]) -> UnknownKeyError:
    known = sorted({doc.key for doc in docs if doc.default is not None})
    by_last = {name.rpartition(".")[2]: name for name in known}
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    last = key.rpartition(".")[2]
    near += [by_last[name] for name in difflib.get_close_matches(last, by_last, n=2, cutoff=0.6)]
    named = " or ".join(dict.fromkeys(near))
    meant = f"did you mean {named}?" if near else "`rlbench --help` lists the keys"
    return UnknownKeyError(f"help {key}", key, f"there is no such key; {meant}")


def _choices(folders: Sequence[Path]) -> Iterator[str]:
    yield "Choices"
    yield from _entry("agent=NAME", "the method:")
    yield from _named("agent", folders)
    about = "any id that Gymnasium can make (`rlbench envs` lists those here); env=PACKAGE:ID "
    yield from _entry("env=ID", f"{about}imports PACKAGE first")
    yield from _entry("experiment=NAME", "settings, and often a sweep, that belong together:")
    yield from _named("experiment", folders)


def _named(group: str, folders: Sequence[Path]) -> Iterator[str]:
    for name in names(group, folders):
        yield from _entry(f"  {name}", headline(group, name, folders))


def _keys(
    docs: Sequence[KeyDoc], agent: str, values: Mapping[str, Any], folders: Sequence[Path]
) -> Iterator[str]:
    """Every key with its value, in groups."""
    groups: dict[str, list[KeyDoc]] = {}
    about = {doc.key: doc.comment for doc in docs if doc.default is None}
    for doc in docs:
        if doc.default not in (None, "???"):
            groups.setdefault("" if doc is JOBS else doc.group, []).append(doc)
    for group, members in groups.items():
        title = TITLES.get(group, f"Agent {agent}")
        said = headline("agent", agent, folders) if group == "agent" else about.get(group, "")
        yield from _wrapped(f"{title}: {said}" if said else title, "")
        for doc in members:
            value = _shown(doc, values)
            changed = "" if value == _typed(doc) else f" [default {_typed(doc)}]"
            yield from _entry(f"{doc.key}={value}", f"{doc.comment}{changed}")
        yield ""
    if not values:
        note = (
            "These are the defaults. Tuned settings replace some for the environments that have "
            "them (`rlbench envs tuned`): `rlbench agent=dqn env=LunarLander-v3 --help` shows what "
            "such a run is given, and another agent's keys."
        )
        yield from _wrapped(note, "")
        yield ""


def _shown(doc: KeyDoc, values: Mapping[str, Any]) -> str:
    """The value of a key as it would be typed; the text of the default where it is that."""
    if doc.key not in values:
        return _typed(doc)
    import yaml

    value = values[doc.key]
    return _typed(doc) if yaml.safe_load(str(doc.default)) == value else as_text(value)


def _typed(doc: KeyDoc) -> str:
    """A default as it would be typed: without spaces between the members of a list."""
    return str(doc.default).replace(", ", ",")


def _entry(key: str, said: str) -> Iterator[str]:
    """A key and, beside it, what is said of it."""
    lines = textwrap.wrap(said, max(20, _width() - KEY_WIDTH - 2)) or [""]
    if len(key) > KEY_WIDTH - 2:
        yield f"  {key}"
        key = ""
    for line in lines:
        yield f"  {key:<{KEY_WIDTH - 1}} {line}".rstrip()
        key = ""


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _width(), initial_indent=indent, subsequent_indent=indent)


def _width() -> int:
    return max(LEAST_WIDTH, min(MOST_WIDTH, shutil.get_terminal_size().columns))


def _agents_keys(
    agent: str, folders: Sequence[Path], values: Mapping[str, Any]
) -> Sequence[KeyDoc]:
    """The keys of an agent; those of one without a YAML file are known from `values` alone."""
    docs = keys_of_agent(agent, folders)
    if docs:
        return docs
    hidden = ("agent.name", "agent._target_")
    own = (key for key in values if key.startswith("agent.") and key not in hidden)
    return [KeyDoc(key, as_text(values[key]), "", Path(), agent) for key in own]


def _values(words: Sequence[str]) -> tuple[dict[str, Any], list[Path]]:
    """What each key is set to under `words`, and where the files are; no
    values where there are no words, which saves the time of composing."""
    if not words:
        return {}, search_folders()
    from rlbench.config.command_line import values_under

    values, folder = values_under(words)
    return values, search_folders(folder)
