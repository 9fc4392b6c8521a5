"""What runs are called in TensorBoard: `CartPole-v1/es sigma=0.02/seed1`, by what differs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from rlbench.tensorboard.hparams import Setting, as_text
from rlbench.tensorboard.session import CONDITIONS, Session

MAX_LENGTH = 100  # characters of a folder's name


def name_runs(sessions: Sequence[Session]) -> list[PurePath]:
    """Where each run goes: a folder for its environment, one for its agent with the settings in
    which that agent's runs differ there, one for its seed. No two have one name.

    Letters, digits, `_`, `-`, `.`, `=` and spaces alone: file systems take them, and the
    expression in TensorBoard's filter of runs can be typed as it is read.
    """
    siblings: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, session in enumerate(sessions):
        siblings[session.env, session.agent].append(place)
    labels = [""] * len(sessions)
    for places in siblings.values():
        group = [sessions[place] for place in places]
        for place, words in zip(places, _words(group), strict=True):
            labels[place] = _label(sessions[place], words)
    setups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for session, label in zip(sessions, labels, strict=True):
        setups[session.env, label.casefold()].add(session.setup)
    names, taken = list[PurePath](), Counter[str]()
    for session, label in zip(sessions, labels, strict=True):
        several = len(setups[session.env, label.casefold()]) > 1
        told = f"{label} {_setup(session)}" if several else label
        names.append(_untaken(PurePath(_folder(session.env), told, f"seed{session.seed}"), taken))
    return names


def _words(group: Sequence[Session]) -> list[tuple[str, ...]]:
    """What sets apart the runs of one agent on one environment, as each has it."""
    keys = dict.fromkeys(key for session in group for key in session.settings)
    telling = [key for key in keys if key not in CONDITIONS and _tells(key, group)]
    parts = len({_values(session, telling) for session in group})
    for key in CONDITIONS:  # some follow from each other, as workers from cores
        finer = len({_values(session, [*telling, key]) for session in group})
        if finer > parts:
            telling, parts = [*telling, key], finer
    return [
        tuple(_word(key, session.settings[key]) for key in telling if key in session.settings)
        for session in group
    ]


def _tells(key: str, group: Sequence[Session]) -> bool:
    """Whether a setting differs between setups, and not between the seeds of one: those were asked
    for in other words and mean the same."""
    by_setup: dict[str, Setting | None] = {}
    for session in group:
        value = session.settings.get(key)
        if by_setup.setdefault(session.setup, value) != value:
            return False
    return len(set(by_setup.values())) > 1


def _values(session: Session, keys: Iterable[str]) -> tuple[Setting | None, ...]:
    return tuple(session.settings.get(key) for key in keys)


def _label(session: Session, words: Sequence[str]) -> str:
    label = _folder(" ".join((session.agent, *words)))
    if len(label) <= MAX_LENGTH:
        return label
    kept = label[: MAX_LENGTH - 20].rpartition(" ")[0]
    return f"{kept or label[: MAX_LENGTH - 20]} {_setup(session)}"


def _setup(session: Session) -> str:
    return f"setup {_folder(session.setup)[:8]}"


def _word(key: str, value: Setting) -> str:
    return f"{_plain(key.removeprefix('agent.'))}={_plain(as_text(value))}"


def _plain(text: str) -> str:
    """`text` without spaces and other characters that a name must not hold."""
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", text.strip("[]").replace("+", ""))


def _folder(text: str) -> str:
    """The name of a folder; one of no usable characters is `_`."""
    safe = re.sub(r"[^A-Za-z0-9_.= -]", "_", text.replace("/", "__"))
    return safe[: 2 * MAX_LENGTH].strip(" .") or "_"


def _untaken(name: PurePath, taken: Counter[str]) -> PurePath:
    """`name`, or that of a further copy of the run."""
    found = name
    while True:
        shown = str(found).casefold()  # some file systems do not tell capital letters apart
        taken[shown] += 1
        if taken[shown] == 1:
            return found
        found = name.with_name(f"{name.name} copy {taken[shown]}")
