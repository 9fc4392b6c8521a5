"""docs/hyperparameters.md says what the YAML files say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlbench.agents import AGENTS
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.checking import check
from rlbench.config.compose import compose

DOCUMENT = Path(__file__).parents[2] / "docs" / "hyperparameters.md"
SECTIONS = {"dqn": "## DQN on Atari", "es": "## ES\n"}
OTHER_SECTIONS = {"a2c": "## A2C on Atari", "dopamine": "## DQN as in Dopamine"}
COLUMNS = {  # what is composed for each column of ours
    ("dqn", "here"): ["agent=dqn", "env=ALE/Seaquest-v5"],
    ("dqn", "nature_dqn"): ["agent=dqn", "experiment=nature_dqn"],
    ("dopamine", "here"): ["agent=dqn", "experiment=dopamine_dqn"],
    ("es", "here"): ["agent=es", "env=FrozenLake-v1"],
    ("es", "humanoid"): ["agent=es", "experiment=paper_es_humanoid"],
    ("es", "atari"): ["agent=es", "experiment=paper_es_atari"],
}


def section(agent: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    head = {**SECTIONS, **OTHER_SECTIONS}[agent]
    return text[text.index(head) + 1 :].split("\n## ")[0]


def rows(agent: str) -> Iterator[dict[str, str]]:
    """The rows of the table of settings, by the names of the columns."""
    lines = [line for line in section(agent).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    names = cells[0]
    assert names[0] == "agent." and names[-1] == "difference"
    for row in cells[2:]:
        if not row[0].startswith("`"):
            return  # the table of rules
        yield dict(zip(names, row, strict=True))


def settings(words: list[str]) -> dict[str, Any]:
    """All settings of the agent as a run gets them."""
    asked = compose(words).agent
    return check(AGENTS[asked.name].Settings, asked.params, "agent").model_dump(mode="json")


@pytest.mark.parametrize(("agent", "column"), COLUMNS)
def test_the_table_has_the_values_that_a_run_gets(agent: str, column: str) -> None:
    table = {row["agent."].strip("`"): yaml.safe_load(row[column]) for row in rows(agent)}
    made = settings(COLUMNS[agent, column])
    assert table == {key: made[key] for key in table}


@pytest.mark.parametrize("agent", SECTIONS)
def test_every_setting_is_in_the_table_or_has_no_counterpart(agent: str) -> None:
    table = [row["agent."].strip("`") for row in rows(agent)]
    (line,) = re.findall(r"^\*Without a counterpart there\*: (.*)$", section(agent), re.MULTILINE)
    listed = table + re.findall(r"`(\w+)`", line)
    assert sorted(listed) == sorted(AGENTS[agent].Settings.model_fields)


@pytest.mark.parametrize("agent", SECTIONS)
def test_what_differs_from_the_papers_code_has_a_reason(agent: str) -> None:
    """Where the numbers differ, at least."""
    code = {"dqn": ("here", "dqn_zoo"), "es": ("here", "starter, humanoid.json")}[agent]
    compared = 0
    for row in rows(agent):
        ours, theirs = (re.fullmatch(r"[\d.,]+", row[name]) for name in code)
        if ours and theirs:
            compared += 1
            if float(ours[0].replace(",", "")) != float(theirs[0].replace(",", "")):
                assert row["difference"], row
    assert compared > 3


@pytest.mark.parametrize("experiment", ["atari", "a3c_atari"])
def test_the_table_of_a2c_has_all_that_it_is_given_in_place_of_a3c(experiment: str) -> None:
    words = ["agent=sb3:A2C", f"experiment={experiment}", "env=ALE/Pong-v5"]
    chosen = SB3Settings(**compose(words).agent.params).chosen
    table = {row["agent."].strip("`"): yaml.safe_load(row["here"]) for row in rows("a2c")}
    assert table == flat(chosen.model_dump(mode="json"))


def flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings as one mapping, keys joined by dots."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        inner = flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
        found |= inner
    return found
