"""The settings of both agents that go on to the second round, and the file of them in
results/searches."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlbench.errors import ConfigError
from tunings.search import Chosen

AGENTS = ("es", "dqn")
AS_THEY_ARE = 1  # the number of the trial that has the settings that are there
AS_THEY_WERE = "as they were"  # in the file, in the place of such settings
COLUMNS = ("env", "agent", "trial", "trials", "first_round", "second_round", "taken", "settings")


@dataclass(frozen=True)
class Candidate:
    """A setting of the second round. trial: its number in the first one, whose outcome first_round
    tells in words. chosen: by key, as it would be typed; empty: the settings as they are. trials:
    how many the first round had of this agent; None where that is not known."""

    trial: int
    first_round: str
    chosen: Chosen
    trials: int | None = None

    @property
    def solved_at_first(self) -> int:
        """How many runs were solved in the first round; 0 too where that is not known."""
        solved = re.match(r"(\d+) of \d+ solved", self.first_round)
        return int(solved[1]) if solved else 0


Candidates = Mapping[str, Sequence[Candidate]]  # by agent; the settings as they are come first


def kept(best_first: Sequence[Candidate], number: int) -> list[Candidate]:
    """The settings as they are, and the best of the others: `number` for each agent."""
    told = {one.trial: one.first_round for one in best_first}
    trials = best_first[0].trials if best_first else None
    as_is = Candidate(AS_THEY_ARE, told.get(AS_THEY_ARE, ""), {}, trials)
    others = [one for one in best_first if one.trial != AS_THEY_ARE]
    return [as_is, *others[: number - 1]]


def read_candidates(file: Path, env: str, number: int) -> Candidates:
    """Those of an environment in a file of candidates, in its order, as many as go on.

    Raises ConfigError where the file has none of an agent.
    """
    found: dict[str, list[Candidate]] = {}
    for agent in AGENTS:
        of_agent = [
            Candidate(
                int(row["trial"]),
                row["first_round"],
                _chosen(row["settings"]),
                int(row["trials"]) if row["trials"] else None,
            )
            for row in rows_of(file)
            if row["env"] == env and row["agent"] == agent
        ]
        if not of_agent:
            raise ConfigError("--first-round", str(file), f"a file with {agent} on {env}")
        found[agent] = kept(of_agent, number)
    return found


def rows_of(file: Path) -> list[dict[str, str]]:
    """Those of a file of candidates; none where there is no file.

    Raises ConfigError where it is another kind of file.
    """
    text = file.read_text(errors="replace") if file.exists() else ""
    table = csv.DictReader(io.StringIO(text))
    rows = list(table)
    has_all = not set(COLUMNS) - set(table.fieldnames or COLUMNS)
    numbers = [(str(row.get("trial")), row.get("trials") or "0") for row in rows]
    if not has_all or not all(one.isdecimal() for pair in numbers for one in pair):
        takes = (
            f"a table with {', '.join(COLUMNS)}, in which trial is a number, "
            "and trials is one or empty"
        )
        raise ConfigError("--first-round", str(file), takes)
    return rows


def _chosen(settings: str) -> Chosen:
    if settings == AS_THEY_WERE:
        return {}
    pairs = [word.partition("=") for word in settings.split()]
    return {f"agent.{key}": value for key, _, value in pairs}


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
