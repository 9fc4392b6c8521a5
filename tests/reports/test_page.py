"""The web page without a browser: what it says, that its numbers are the files', and that a
stranger's text stays text."""

from __future__ import annotations

import csv
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rlbench.reports.build import build_report
from rlbench.reports.columns import ESTIMATES, OVERALL_RATIOS, RATIOS, RUNS, TIMES
from rlbench.reports.page.figures import data_uri
from support.page_runs import HOSTILE, write_hostile, write_pair
from support.run_files import RunFiles, write_without_threshold

pytestmark = pytest.mark.usefixtures("blank_figures")


class Parsed(HTMLParser):
    """Elements and text of a page; tables by their id, as cells' `data-value` or text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._table: list[list[str]] | None = None
        self._cell: list[str] | None = None
        self._value: str | None = None
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        self._in_code = tag in ("script", "style")
        if tag == "table":
            self._table = self.tables.setdefault(given.get("id", ""), [])
        elif tag == "tr" and self._table is not None:
            self._table.append([])
        elif tag in ("td", "th"):
            self._cell, self._value = [], given.get("data-value")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False
        if tag in ("td", "th") and self._table and self._cell is not None:
            self._table[-1].append("".join(self._cell) if self._value is None else self._value)
            self._cell = None
        elif tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._in_code:
            return
        self.text.append(data)
        if self._cell is not None:
            self._cell.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def page_of(root: Path, out: Path | None = None) -> Parsed:
    return Parsed(build_report(root, out).page.read_text())


def test_the_answer_comes_first_and_is_complete(tmp_path: Path) -> None:
    write_pair(tmp_path)
    words = page_of(tmp_path).words
    answer = words[: words.index("Environment by environment")]
    for said in (
        "ES was clearly faster than DQN on CartPole-v1.",
        "2 of 2 cores, Example CPU @ 2.00GHz, 23 GB of memory, no GPU used",
        "5 seeds of ES and 5 seeds of DQN",
        "30\u00d7 (",
        "ES 5 of 5 solved, DQN 5 of 5",
        "clear: the 95 % interval excludes equally fast; rank-sum p = 0.0079",
    ):
        assert said in answer, said
    assert "CartPole-v1, ES, seed 0: solved after 1 s of training" in words
    assert "ES reached a mean return of 475 sooner. ES: 5 of 5 seeds solved it" in words
    rest = words[words.index("ES reached a mean return") :]
    assert "30\u00d7" not in rest[: rest.index("By other measures")]  # the table has it
    assert "this machine" not in words


def test_tables_hold_what_the_files_hold(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=2)
    write_pair(tmp_path, env="-danger", seeds=1)  # which a spreadsheet would take for a formula
    parsed = page_of(tmp_path)
    definitions = {
        "speed_ratio": RATIOS, "time_to_threshold": TIMES, "runs": RUNS,
        "speed_ratio_overall": OVERALL_RATIOS, "aggregate": ESTIMATES,
    }  # fmt: skip
    checked = 0
    for name, columns in definitions.items():
        with (tmp_path / "report" / f"{name}.csv").open(newline="") as file:
            records = list(csv.DictReader(file))
        assert list(records[0]) == [column.name for column in columns]
        shown = parsed.tables["table-" + name.replace("_", "-")]
        headings = {column.heading: column.name for column in columns}
        names = [headings[heading] for heading in shown[0]]
        assert len(shown) == len(records) + 1
        for row, record in zip(shown[1:], records, strict=True):
            assert row == [record[name].removeprefix("'") for name in names]
            checked += 1
    assert checked > 20


def test_where_nothing_can_be_compared_the_page_says_why(tmp_path: Path) -> None:
    RunFiles(agent="es").write(tmp_path)
    words = page_of(tmp_path).words
    assert "no two agents can be compared on any environment" in words
    assert "No agent but ES was run here." in words


def test_where_nothing_counts_as_solved_the_page_says_who_scored_more(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0, dqn=3.0)
    write_without_threshold(tmp_path, "B-v1", es=5.0, dqn=2.0)
    write_without_threshold(tmp_path, "C-v1", es=1.0, dqn=1.1)
    words = page_of(tmp_path).words
    assert "Which scores more: ES or DQN?" in words
    assert (
        "On 3 environments nothing counts as solved, so no times are compared. By score DQN was "
        "clearly ahead on 1 of these (A-v1), ES on 1 (B-v1); on 1 it is not settled who was."
    ) in words
    assert "DQN scored more: 3.2 against 1.2 (clear: 95 % interval of the difference 1.7" in words
    assert "No two agents" not in words and "no two agents" not in words


def test_times_come_before_scores_in_the_answer(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0, dqn=3.0)
    for agent in ("es", "dqn"):
        RunFiles(agent=agent).write(tmp_path)
    words = page_of(tmp_path).words
    assert "Which solves it sooner: ES or DQN?" in words
    times, scores = words.index("CartPole-v1 these seeds"), words.index("On A-v1 nothing counts as")
    assert "no two agents" not in words and times < scores


def test_on_one_environment_without_a_threshold_too(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0, dqn=3.0)
    assert "On A-v1 nothing counts as solved; DQN scored more: 3.2 against 1.2" in (
        page_of(tmp_path).words
    )


def test_several_pairs_without_a_threshold_are_named(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0, dqn=3.0, mine=5.0)
    words = page_of(tmp_path).words
    assert "On A-v1 nothing counts as solved; DQN scored more: 3.2 against 1.2" in words
    assert "On A-v1 nothing counts as solved; mine scored more: 5.2 against 3.2" in words
    assert "mine against DQN" in words


def test_runs_of_other_settings_are_not_compared_by_score_either(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0)
    RunFiles(agent="dqn", env="A-v1", threshold=None, levels=(), status="budget",
             header={"cores": 4, "fingerprint": "another"}).write(tmp_path)  # fmt: skip
    words = page_of(tmp_path).words
    assert "no two agents can be compared on any environment" in words
    assert "scored more" not in words


def test_a_run_s_clock_adds_up_an_unfinished_one_s_to_its_last_row(tmp_path: Path) -> None:
    RunFiles(history=((0.0, 0.0), (1.5, 480.0))).write(tmp_path)
    RunFiles(seed=1, status=None).write(tmp_path)
    RunFiles(seed=2, status="failed").write(tmp_path)
    parsed = page_of(tmp_path)
    bars = [given["aria-label"] for tag, given in parsed.tags if given.get("class") == "bar"]
    assert bars[0] == (
        "Wall time 2 s: start-up 25.0 %, training 75.0 %, evaluation 0.0 %, checkpoints 0.0 %, "
        "unattributed 0.0 %"
    )
    assert bars[1] == (
        "Wall time 1.5 s: start-up 33.3 %, training 66.7 %, evaluation 0.0 %, checkpoints 0.0 %, "
        "unattributed 0.0 %"
    )
    assert len(bars) == 3
    assert "seed 1: still going, or killed" in parsed.words
    assert "seed 2: failed: env raised ValueError" in parsed.words


def test_a_configuration_is_shown_once_for_runs_that_differ_in_the_seed_alone(
    tmp_path: Path,
) -> None:
    for seed in (0, 1):
        RunFiles(seed=seed).write(tmp_path)
    RunFiles(agent="dqn", seed=2).write(tmp_path)
    page = page_of(tmp_path)
    shown = "name: es _target_: rlbench.agents.es.agent.ES seed:"
    assert f"{shown} 0" in page.words and f"{shown} 1" not in page.words
    assert page.words.count("Configuration (config.yaml):") == 2  # one of ES, one of DQN
    same = "Configuration, but for the seed: that of CartPole-v1, ES, seed 0."
    assert page.words.count(same) == 1 and page.words.count("but for the seed: that") == 1
    first, *_ = [given["id"] for tag, given in page.tags if given.get("class") == "run"]
    links = [given.get("href") for tag, given in page.tags if tag == "a"]
    # One in the table of runs, one in the run that has the same configuration.
    assert links.count(f"#{first}") == 2


def test_configurations_that_only_look_the_same_are_each_shown(tmp_path: Path) -> None:
    long, deep = "k" * 400, "  - 1\n" * 500
    texts = [
        "seed: 0\n", "", "seed: 2\n", f"results_dir: {long}a\nseed: 3\n",
        f"results_dir: {long}b\nseed: 4\n", f"of:\n{deep}sigma: 1\nseed: 5\n",
        f"of:\n{deep}sigma: 2\nseed: 6\n", "seed: a\n", "seed: b\n", "seed: 9\nseed: 1\n",
        "seed: 10\nseed: 2\n", "",
    ]  # fmt: skip
    for seed, text in enumerate(texts):
        place = RunFiles(seed=seed).write(tmp_path)
        (place / "config.yaml").write_text(text)
    words = page_of(tmp_path).words
    assert words.count("but for the seed: that") == 1  # seeds 0 and 2
    assert words.count("Configuration (config.yaml):") == len(texts) - 3  # and two are empty


def test_a_configuration_is_shown_for_each_number_of_cores(tmp_path: Path) -> None:
    for seed, cores in enumerate((1, 1, 2)):
        RunFiles(seed=seed, header={"cores": cores}).write(tmp_path)
    words = page_of(tmp_path).words
    assert words.count("but for the seed: that of") == 1
    assert words.count("Configuration (config.yaml):") == 2


def test_a_stranger_s_text_stays_text(tmp_path: Path) -> None:
    write_hostile(tmp_path / "runs")
    page = build_report(tmp_path / "runs", tmp_path / "out").page.read_text()
    parsed = Parsed(page)
    assert sum(tag == "script" for tag, _ in parsed.tags) == 2  # the charts' data, and the page's
    allowed = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p",
        "b", "br", "nav", "ul", "li", "main", "section", "div", "span", "table", "caption",
        "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img", "form", "label",
        "select", "option", "button", "details", "summary", "svg", "rect", "dl", "dt", "dd",
        "pre", "code", "footer", "script", "input", "path",
    }  # fmt: skip
    assert {tag for tag, _ in parsed.tags} <= allowed
    for tag, given in parsed.tags:
        assert not [name for name in given if name.startswith("on") or name == "style"], tag
        assert re.match(r"#|\./", given.get("href", "#")), given
        assert given.get("src", "data:image/svg+xml").startswith("data:image/svg+xml")
    assert parsed.words.count(HOSTILE) > 30
    assert "49" not in parsed.words.replace(HOSTILE, "").split()
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_configuration_that_is_no_plain_file_is_left_out(tmp_path: Path) -> None:
    place = RunFiles().write(tmp_path)
    (tmp_path / "secret").write_text("secret words")
    (place / "config.yaml").unlink()
    (place / "config.yaml").symlink_to(tmp_path / "secret")
    pipe = RunFiles(seed=1).write(tmp_path)
    (pipe / "config.yaml").unlink()
    os.mkfifo(pipe / "config.yaml")
    words = page_of(tmp_path).words
    assert "secret words" not in words
    assert "Configuration (config.yaml):" not in words


def test_a_picture_becomes_an_address_without_loss_of_its_words() -> None:
    svg = b"""<?xml version="1.0"?>
<svg width="72pt" height="36pt"><metadata>long</metadata>
 <path d="M 1.23456 7.8 L 3 4.999999"/>
 <text style="font: 'DejaVu Sans'">0.12345 &lt; 5 % #1</text>
</svg>"""
    uri = data_uri(svg)
    assert uri == (
        "data:image/svg+xml;charset=utf-8,%3Csvg width=%2272pt%22 height=%2236pt%22%3E"
        "%3Cpath d=%22M 1.23 7.8 L 3 4.99%22/%3E"
        "%3Ctext style=%22font: %27DejaVu Sans%27%22%3E0.12345 &lt; 5 %25 %231%3C/text%3E%3C/svg%3E"
    )


def test_only_claims_that_an_environment_bears_on_are_spoken_of(tmp_path: Path) -> None:
    write_pair(tmp_path / "classic")
    assert "popular claim" not in page_of(tmp_path / "classic").words
    write_pair(tmp_path / "atari", env="ALE/Pong-v5")
    words = page_of(tmp_path / "atari").words
    assert words.count("Atari in one hour instead of a day\u201d: not testable here") == 1
    assert "Robotics in ten minutes" not in words


def test_where_nobody_solved_it_the_page_says_who_scored_more(tmp_path: Path) -> None:
    for agent, base in (("es", 20.0), ("dqn", 50.0)):
        for seed in range(5):
            history = ((0.0, 0.0), (9.0, base + seed))
            RunFiles(agent=agent, seed=seed, history=history, status="budget").write(tmp_path)
    words = page_of(tmp_path).words
    # Medians 52 and 22; all pairs of 5 and 5 seeds, two left out at either end: 30 - 3 to 30 + 3.
    scored = "DQN scored more: 52 against 22 (clear: 95 % interval of the difference 27 to 33)"
    assert f"On CartPole-v1 neither solved it; {scored}." in words
    assert f"Neither ES nor DQN reached a mean return of 475. {scored}." in words
    assert "ES: 0 of 5 seeds solved it. DQN: 0 of 5 seeds solved it." in words


def test_without_a_ratio_the_headline_says_who_scored_clearly_more(tmp_path: Path) -> None:
    ends = {"A-v0": (20.0, 50.0), "B-v0": (50.0, 20.0), "C-v0": (50.0, 20.0), "D-v0": (30.0, 30.5)}
    for env, bases in ends.items():
        for agent, base in zip(("es", "dqn"), bases, strict=True):
            for seed in range(5):
                history = ((0.0, 0.0), (9.0, base + seed))
                RunFiles(
                    agent=agent, env=env, seed=seed, history=history, status="budget"
                ).write(tmp_path)  # fmt: skip
    words = page_of(tmp_path).words
    assert (
        "on 4 neither solved it (A-v0, B-v0, C-v0, D-v0). By score DQN was clearly ahead on 1 of "
        "these (A-v0), ES on 2 (B-v0, C-v0); on 1 it is not settled who was."
    ) in words


@pytest.mark.parametrize(("n", "end"), [(9, "E8-v0)"), (10, "E7-v0 and 2 more)")])
def test_a_long_list_of_environments_is_cut_by_two_or_more(
    tmp_path: Path, n: int, end: str
) -> None:
    for index in range(n):
        for agent in ("es", "dqn"):
            RunFiles(
                agent=agent, env=f"E{index}-v0", history=((0.0, 0.0), (9.0, 20.0)), status="budget"
            ).write(tmp_path)  # fmt: skip
    words = page_of(tmp_path).words
    assert f"{end}. By score it is not settled on any of these who was ahead." in words


def test_runs_that_go_on_have_scores_where_too_few_are_solved(tmp_path: Path) -> None:
    for stops in (True, False):
        for agent, base in (("es", 20.0), ("dqn", 50.0)):
            for seed in range(5):
                solved = agent == "dqn" and seed == 0
                history = [(0.0, 0.0), (8.0, 480.0 if solved else 0.0)]
                history += [] if solved and stops else [(9.0, base + seed)]
                RunFiles(
                    agent=agent, seed=seed, history=history, header={"stop_at_threshold": stops},
                    status="solved" if solved else "budget", budget_train_s=9.0,
                ).write(tmp_path / str(stops))  # fmt: skip
    scored = "DQN scored more: 52 against 22 (clear: 95 % interval of the difference 27 to 33)"
    on = "On CartPole-v1 there is no speed ratio"
    assert f"{on}; {scored}." in page_of(tmp_path / "False").words
    assert f"{on} of ES and DQN." in page_of(tmp_path / "True").words


@pytest.mark.parametrize(
    ("es", "said"),
    [
        (50.0, "ES was clearly ahead on 1 of these (A-v0)."),
        (20.5, "it is not settled on 1 of these who was ahead."),
    ],
)
def test_a_score_that_is_known_on_one_environment_is_said_of_that_one(
    tmp_path: Path, es: float, said: str
) -> None:
    for env, stops in (("A-v0", False), ("B-v0", True)):
        for agent, base in (("es", es), ("dqn", 20.0)):
            for seed in range(5):
                history = [(0.0, 480.0)] if stops else [(0.0, 0.0), (9.0, base + seed)]
                RunFiles(
                    agent=agent, env=env, seed=seed, history=history,
                    status="solved" if stops else "budget",
                    header={"stop_at_threshold": stops}, budget_train_s=9.0,
                ).write(tmp_path)  # fmt: skip
    words = page_of(tmp_path).words
    assert f"on 2 there is no ratio (A-v0, B-v0). By score {said}" in words


def test_medians_that_point_the_other_way_than_the_pairs_do(tmp_path: Path) -> None:
    returns = {"es": (2, 2, 12, 13, 14), "dqn": (11, 11, 11.5, 32, 42)}
    for agent, values in returns.items():
        for seed, value in enumerate(values):
            RunFiles(
                agent=agent, seed=seed, history=((0.0, 0.0), (9.0, float(value))), status="budget"
            ).write(tmp_path)  # fmt: skip
    said = "DQN scored more by 9, the median over pairs of runs (medians 11.5 and 12) (not settled"
    assert said in page_of(tmp_path).words


def test_equal_scores_begin_a_sentence(tmp_path: Path) -> None:
    for agent in ("es", "dqn"):
        RunFiles(agent=agent, history=((0.0, 0.0), (9.0, 20.0)), status="budget").write(tmp_path)
    assert "reached a mean return of 475. Both scored the same." in page_of(tmp_path).words


def test_captions_of_environments_are_said_once(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=2)
    write_pair(tmp_path, env="B-v0", seeds=2)
    words = page_of(tmp_path).words
    assert words.count("in a band from the worst seed to the best") == 1
    assert words.count("An open triangle is a seed that never did") == 1
    assert "Above, " not in words and "Below, " not in words
