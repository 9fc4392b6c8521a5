"""Terminal, page, tables and claims give the same answer to "which was faster", for every committed
set of runs and for made-up ones of every kind."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from rlbench.analysis.decision import decide
from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import group_runs
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.claims.examine import examine
from rlbench.claims.files import as_json, claims_files
from rlbench.reports.answers import answers, headline, overall_lines
from rlbench.reports.cost import Rates
from rlbench.reports.figures import ratios
from rlbench.reports.findings import Findings, findings_of
from rlbench.reports.tables import report_tables
from rlbench.reports.terminal import across_lines, environment_lines
from rlbench.runs.load import load_runs
from rlbench.wording import agent_name
from support.run_files import RunFiles

pytestmark = pytest.mark.usefixtures("blank_figures")

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
Pair = tuple[str, str, str]  # environment, baseline, challenger
Winners = dict[Pair, str]  # the label of the group that was faster, "open" or "none"


class Voices:
    """What each part of a report says of a directory of runs."""

    def __init__(self, root: Path) -> None:
        loaded = load_runs(root)
        self.findings: Findings = findings_of(loaded)
        self.analyses: Sequence[EnvironmentAnalysis] = self.findings.analyses
        self.suites: Sequence[SuiteStatistics] = self.findings.suites

    def decided(self) -> Winners:
        return {
            (analysis.env, ratios["train_s"].baseline, ratios["train_s"].challenger): (
                decide(ratios["train_s"]).winner_label or decide(ratios["train_s"]).winner
            )
            for analysis in self.analyses
            for ratios in analysis.comparisons
        }

    def terminal(self) -> Winners:
        found = {}
        for analysis in self.analyses:
            labels = {agent_name(group.label): group.label for group in analysis.groups.groups}
            heads = [by_unit["train_s"] for by_unit in analysis.comparisons]
            pairs = {
                frozenset((h.baseline, h.challenger)): (h.baseline, h.challenger) for h in heads
            }
            for line in environment_lines(analysis):
                said = _said(line, labels)
                if said is not None:
                    found[analysis.env, *pairs[said[0]]] = said[1]
        return found

    def answers(self) -> Winners:
        found = {}
        for analysis in self.analyses:
            labels = {agent_name(group.label): group.label for group in analysis.groups.groups}
            for answer in answers(analysis):
                if answer.decision is None:
                    continue
                key = (analysis.env, answer.decision.baseline, answer.decision.challenger)
                found[key] = _cell(answer.faster, labels)
                sentence = answer.sentences[0]
                for name, label in labels.items():
                    assert sentence.startswith(f"{name} reached") == (found[key] == label), sentence
                on_times = sentence.partition(" scored more")[0]
                assert ("not settled" in on_times) == (found[key] == "open")
                assert answer.sure.startswith("clear") == (found[key] not in ("open", "none"))
        return found

    def table(self) -> Winners:
        tables = {t.file: t for t in report_tables(self.analyses, self.suites, Rates())}
        rows = list(csv.DictReader(tables["speed_ratio.csv"].csv().decode().splitlines()))
        for row in rows:
            settled = row["winner"] not in ("open", "none")
            assert settled == (row["p"] != "" and float(row["p"]) <= 0.05), row
        return {
            (row["env"], row["baseline"], row["challenger"]): row["winner"]
            for row in rows
            if row["unit"] == "train_s" and row["is_threshold"] == "true"
        }

    def claims(self) -> Winners:
        data = as_json(self.findings.examination)
        parts = [*(claim["measured"] for claim in data["claims"]), data["other"]]
        return {
            (found["env"], found["baseline"], found["challenger"]): {
                "challenger": found["challenger"], "baseline": found["baseline"]
            }.get(found["winner"], found["winner"])
            for part in parts
            for found in part["environments"]
        }  # fmt: skip

    def figure(self) -> Winners:
        """Who was faster, read from the numbers that stand beside the figure of all ratios."""
        text = ratios.words(self.findings)
        found = {}
        for analysis in self.analyses:
            for by_unit in analysis.comparisons:
                head = by_unit["train_s"]
                sides = head.baseline, head.challenger
                names = f"{agent_name(head.challenger)} against {agent_name(head.baseline)}"
                (shown,) = re.findall(rf"{re.escape(f'{head.env}, {names}')}: ([^;]+)", text)
                found[analysis.env, *sides] = _ahead_in(shown, sides)
        return found

    def check(self) -> Winners:
        decided = self.decided()
        assert self.figure() == decided
        assert self.terminal() == decided
        assert self.answers() == decided
        assert self.table() == decided
        about = {
            pair: winner
            for pair, winner in decided.items()
            if pair[1].split()[0] == "dqn" and pair[2].split()[0] == "es"
        }
        claimed = self.claims()
        assert claimed == {pair: about[pair] for pair in claimed}
        self.check_tally(decided)
        self.check_means()
        return decided

    def check_tally(self, decided: Winners) -> None:
        """The first sentence of the page counts the same environments."""
        found = [answer for analysis in self.analyses for answer in answers(analysis)]
        first = next(headline(found))
        if {answer.sides for answer in found if answer.factor} != {("dqn", "es")}:
            return
        if len(found) == 1:
            (label,) = decided.values()
            name = label.split()[0].upper()
            assert ("was clearly faster" in first) == (label not in ("open", "none"))
            assert label in ("open", "none") or first.startswith(f"{name} was"), first
            return
        for winner in ("es", "dqn"):
            won = sum(label.split()[0] == winner for label in decided.values())
            count = re.search(rf"{winner.upper()} (?:was clearly faster )?on (\d+)", first)
            assert (0 if count is None else int(count[1])) == won, first

    def check_means(self) -> None:
        """The geometric means: terminal, page and table."""
        tables = {t.file: t for t in report_tables(self.analyses, self.suites, Rates())}
        for suite in self.suites:
            for mean in (ratio for ratio in suite.ratios if ratio.unit == "train_s"):
                labels = {agent_name(side): side for side in suite.suite.sides}
                winner = decide(mean).winner_label or decide(mean).winner
                line = next(s for s in across_lines([suite], []) if s.startswith("  "))
                said = _said(line, labels)
                assert said is not None and said[1] == winner
                for sentence in overall_lines([mean]):
                    for name, label in labels.items():
                        said_won = sentence.partition(" (estimate:")[0]
                        assert (f": {name} " in said_won) == (winner == label)
                rows = csv.DictReader(tables["speed_ratio_overall.csv"].csv().decode().splitlines())
                assert winner in {row["winner"] for row in rows if row["unit"] == "train_s"}


def _said(line: str, labels: dict[str, str]) -> tuple[frozenset[str], str] | None:
    """Which two a line of the terminal compares, and who won; None of another line."""
    names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))  # DQN (SB3) before DQN
    one, other = (f"(?P<{side}>{names})" for side in ("one", "other"))
    ends = r"(?::.*| \(.*\))?$"
    for pattern, winner in (
        (rf"  {one} was clearly faster than {other}{ends}", ""),
        (rf"  These seeds do not settle which is faster, {one} or {other}{ends}", "open"),
        (rf"  There is no speed ratio of {one} and {other}{ends}", "none"),
    ):
        found = re.match(pattern, line)
        if found is not None:
            pair = labels[found["one"]], labels[found["other"]]
            return frozenset(pair), winner or pair[0]
    return None


def _ahead_in(shown: str, sides: Sequence[str]) -> str:
    """Who won as the figure has it: `ES at least 30\u00d7 as fast (95 % interval 25 or more)`."""
    if shown == "no ratio":
        return "none"
    if shown.startswith("not settled"):
        return "open"
    (winner,) = [
        side for side in sides if re.match(rf"{re.escape(agent_name(side))} [^(]*as fast", shown)
    ]
    return winner


def _cell(text: str, labels: dict[str, str]) -> str:
    return {"not settled": "open", "no comparison": "none", "neither solved it": "none"}.get(
        text
    ) or labels[text]


@pytest.mark.parametrize("name", sorted(path.name for path in REFERENCE.iterdir()))
def test_every_committed_set(name: str) -> None:
    Voices(REFERENCE / name).check()


Times = Sequence[float | None]
SOON, LATE = [1.0, 1.2, 1.1, 1.3, 1.4], [30.0, 33.0, 36.0, 31.0, 32.0]
NEVER: Times = [None] * 5
MADE_UP: list[tuple[str, Times, Times, str]] = [
    ("es clearly", SOON, LATE, "es"),
    ("dqn clearly", LATE, SOON, "dqn"),
    ("overlap", [1.0, 40.0, 5.0, 7.0, 20.0], [2.0, 39.0, 7.0, 9.0, 21.0], "open"),
    ("dqn never", SOON, NEVER, "es"),
    ("es never", NEVER, SOON, "dqn"),
    ("es late, dqn never", [59.0, 60.0, 59.5, 60.0, None], NEVER, "open"),
    ("dqn seldom", SOON, [30.0, None, None, None, None], "es"),
    ("three seeds each", SOON[:3], LATE[:3], "open"),
    ("one seed each", [1.0], [30.0], "open"),
    ("one seed, dqn never", [1.0], [None], "open"),
    ("one seed, es never", [None], [1.0], "open"),
    ("one seed of one side", SOON, [30.0], "open"),
    ("neither", [None, None], [None, None], "none"),
    ("es before any training", [0.0] * 5, LATE, "es"),
    ("dqn before any training", LATE, [0.0] * 5, "dqn"),
    ("both before any training", [0.0] * 5, [0.0] * 5, "none"),
]


def write(root: Path, env: str, agent: str, times: Times) -> None:
    """Runs that reach the threshold at these seconds; None: not within their 60 s."""
    for seed, time in enumerate(times):
        solved = time is not None
        end = 60.0 if time is None else time
        before = [(0.0, 10.0), (0.02, 11.0), (0.95 * end, 50.0)] if end else []
        RunFiles(
            agent=agent, env=env, seed=seed, history=[*before, (end, 480.0 if solved else 100.0)],
            status="solved" if solved else "budget", budget_train_s=60.0,
        ).write(root)  # fmt: skip


@pytest.mark.parametrize(("name", "es", "dqn", "expected"), MADE_UP, ids=lambda v: str(v)[:20])
def test_made_up_sets(tmp_path: Path, name: str, es: Times, dqn: Times, expected: str) -> None:
    write(tmp_path, "CartPole-v1", "es", es)
    write(tmp_path, "CartPole-v1", "dqn", dqn)
    assert Voices(tmp_path).check() == {("CartPole-v1", "dqn", "es"): expected}


def test_made_up_sets_together_and_a_third_agent(tmp_path: Path) -> None:
    for index, (_, es, dqn, _) in enumerate(MADE_UP):
        env = f"E{index:02}-v0"
        write(tmp_path, env, "es", es)
        write(tmp_path, env, "dqn", dqn)
        write(tmp_path, env, "mine", [2.0, 2.1, 2.2, 2.3, 2.4])
    decided = Voices(tmp_path).check()
    assert len(decided) == 2 * len(MADE_UP)
    for index, (_, _, _, expected) in enumerate(MADE_UP):
        assert decided[f"E{index:02}-v0", "dqn", "es"] == expected


def test_the_claims_look_at_dqn_and_es_whatever_else_was_run(tmp_path: Path) -> None:
    for env in ("Hopper-v5", "Walker2d-v5"):
        for agent, time in (("es", 20.0), ("dqn", 5.0), ("mine", 1.0)):
            write(tmp_path, env, agent, [time + i / 2 for i in range(5)])
    environments = group_runs(load_runs(tmp_path).runs)
    alone = [e for e in environments if e.env == "Hopper-v5"]
    rows = claims_files(examine(alone))["claims.csv"].decode().splitlines()
    winners = [row["winner"] for row in csv.DictReader(rows) if row["env"] == "Hopper-v5"]
    assert winners == ["baseline"] * 5


def test_the_readme_says_what_the_reports_decide() -> None:
    found = [answer for analysis in Voices(REFERENCE / "classic").analyses
             for answer in answers(analysis)]  # fmt: skip
    readme = (REFERENCE.parents[1] / "README.md").read_text()
    assert next(headline(found)) in readme
