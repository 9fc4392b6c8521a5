"""The league in terminal, table and page: the same places everywhere."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rlbench.reports.answers import answers, headline, overall_lines
from rlbench.reports.build import build_report
from rlbench.reports.findings import findings_of
from rlbench.runs.load import load_runs
from support.figures import runs_of

pytestmark = pytest.mark.usefixtures("blank_figures")


def test_terminal_table_and_page_say_the_same_places(tmp_path: Path) -> None:
    for run in runs_of("A-v0", {"es": 500.0, "dqn": 10.0, "sb3-PPO": 10.5}, seeds=6):
        run.write(tmp_path)
    report = build_report(tmp_path)
    start = report.lines.index("3 agents on A-v0, places by training time")
    said = report.lines[start + 1 : start + 4]
    assert said[0] == "  1 to 2: DQN, the baseline, 6 of 6 runs solved it"
    assert said[1].startswith("  1 to 2: PPO (SB3), 0.95\u00d7 (95 % interval ")
    assert said[1].endswith(") as fast as DQN, 6 of 6 runs solved it")
    assert said[2].startswith("  3: ES, 0.02\u00d7 (95 % interval ")
    with (tmp_path / "report" / "league.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    assert [(r["group"], r["first"], r["last"], r["baseline"]) for r in records] == [
        ("dqn", "1", "2", "dqn"), ("sb3-PPO", "1", "2", "dqn"), ("es", "3", "3", "dqn"),
    ]  # fmt: skip
    page = report.page.read_text()
    table = page[page.index('<table class="cards league">') :]
    table = table[: table.index("</table>")]
    assert "<b>3 agents on A-v0</b>" in table
    assert (
        '<p class="answer">Of 3 agents on A-v0 the fastest was DQN or PPO (SB3); '
        "these seeds do not settle which.</p>"
    ) in page
    assert "Times as fast as DQN (95 % interval)" in table
    for record, line in zip(records, said, strict=True):
        place = line.split(":")[0].strip()
        assert place == (record["first"] if record["first"] == record["last"] else "1 to 2")
    assert table.count(">1 to 2</td>") == 2
    assert table.count(">3</td>") == 1


def test_places_on_each_environment_stand_beside_those_over_all(tmp_path: Path) -> None:
    asked = {"A-v0": {"es": 1.0, "dqn": 10.0, "sb3-PPO": 10.5},
             "B-v0": {"es": 100.0, "dqn": 10.0, "sb3-PPO": 10.5}}  # fmt: skip
    for env, times in asked.items():
        for run in runs_of(env, times, seeds=6):
            run.write(tmp_path)
    report = build_report(tmp_path)
    both = "3 agents on 2 environments (A-v0, B-v0)"
    start = report.lines.index(f"{both}, places by training time; in brackets on each alone")
    lines = report.lines[start + 1 : start + 4]
    places, _, rest = zip(*(line.strip().partition(": ") for line in lines), strict=True)
    names = [words.split(", ")[0] for words in rest]
    assert dict(zip(names, places, strict=True)) == {
        "ES": "1 to 3 (1, 3)",
        "DQN": "1 to 3 (2 to 3, 1 to 2)",
        "PPO (SB3)": "1 to 3 (2 to 3, 1 to 2)",
    }
    with (tmp_path / "report" / "league.csv").open(newline="") as file:
        records = [(r["league"], r["group"], r["first"], r["last"]) for r in csv.DictReader(file)]
    assert [record[0] for record in records] == [both.removeprefix("3 agents on ")] * 3 + [
        "A-v0"] * 3 + ["B-v0"] * 3  # fmt: skip
    assert ("A-v0", "es", "1", "1") in records and ("B-v0", "es", "3", "3") in records
    page = report.page.read_text()
    table = page[page.index("Places on each environment alone.</caption>") :]
    table = table[: table.index("</table>")]
    heads = ("Agent", "A-v0", "B-v0")
    assert "".join(f'<th scope="col">{head}</th>' for head in heads) in table
    assert (
        '<td data-label="A-v0" class="whole">1</td><td data-label="B-v0" class="whole">3<' in table
    )
    assert [line for line in page.splitlines() if line.startswith('<p class="answer">')] == [
        f'<p class="answer">Of {both} these seeds do not settle which was fastest.</p>',
        '<p class="answer">ES was clearly faster than the 2 other agents on A-v0.</p>',
    ]


def test_on_many_environments_the_table_alone_has_the_places_on_each(tmp_path: Path) -> None:
    for letter in "ABCDEFG":
        for run in runs_of(f"{letter}-v0", {"es": 1.0, "dqn": 10.0, "sb3-PPO": 10.5}, seeds=4):
            run.write(tmp_path)
    report = build_report(tmp_path)
    assert any(line.endswith("places by training time") for line in report.lines)
    assert "on each environment alone" not in report.page.read_text()
    with (tmp_path / "report" / "league.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3 * 8


def test_two_agents_are_no_league(tmp_path: Path) -> None:
    for run in runs_of("A-v0", {"es": 5.0, "dqn": 10.0}, seeds=2):
        run.write(tmp_path)
    report = build_report(tmp_path)
    assert not (tmp_path / "report" / "league.csv").exists()
    assert "league" not in report.page.read_text().split("</style>")[1].split("<script")[0]
    assert not any("places" in line for line in report.lines)


def test_where_a_league_does_not_hold_all_environments_each_pair_is_said(tmp_path: Path) -> None:
    fast = {"es": 1.0, "dqn": 10.0}
    for env in ("A-v0", "B-v0"):
        for run in runs_of(env, {**fast, "sb3-PPO": 100.0}, seeds=4):
            run.write(tmp_path)
    said = "ES was clearly faster than the 2 other agents on 2 environments (A-v0, B-v0)."
    assert headline_of(tmp_path) == [said]
    together = list(overall_lines(findings_of(load_runs(tmp_path)).overall_ratios))
    assert [line.partition(":")[0] for line in together] == [
        "All together, 2 environments (geometric mean), ES against DQN",
        "All together, 2 environments (geometric mean), PPO (SB3) against DQN",
    ]
    for run in runs_of("C-v0", fast, seeds=4):
        run.write(tmp_path)
    assert headline_of(tmp_path) == [
        said,
        "ES was clearly faster than DQN on 3 of 3 environments (A-v0, B-v0, C-v0).",
        "DQN was clearly faster than PPO (SB3) on 2 of 2 environments (A-v0, B-v0).",
    ]


def headline_of(root: Path) -> list[str]:
    found = findings_of(load_runs(root))
    said = [answer for analysis in found.analyses for answer in answers(analysis)]
    return list(headline(said, found.leagues))
