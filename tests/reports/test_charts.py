"""The data of the page's charts, and the library that draws them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
import pytest

from rlbench.reports.build import build_report
from rlbench.reports.cost import Rates
from rlbench.reports.figures.looks import DQN, ES, Looks
from rlbench.reports.findings import Findings, findings_of
from rlbench.reports.page.charts import MOST_GROUPS, Chart, chart_of, charts_json
from rlbench.runs.load import load_runs
from support.page_runs import HOSTILE, write_hostile, write_pair
from support.run_files import RunFiles

pytestmark = pytest.mark.usefixtures("blank_figures")

LIBRARY = package_files("rlbench.reports.page").joinpath("uplot")


def found_in(root: Path) -> Findings:
    return findings_of(load_runs(root))


def chart_in(root: Path, rates: Rates | None = None) -> Chart:
    found = found_in(root)
    (analysis,) = found.analyses
    chart = chart_of(analysis, Looks(found.groups).on(analysis.env), rates or Rates())
    assert chart is not None
    return chart


def test_a_chart_holds_the_curves_that_the_figures_draw(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=4)
    RunFiles(agent="random", history=((0.0, 21.0), (1.0, 23.0)), status="budget").write(tmp_path)
    (analysis,) = found_in(tmp_path).analyses
    chart = chart_in(tmp_path)
    assert [(group.name, group.colour, group.seeds) for group in chart.groups] == [
        ("ES", ES.colour, 4), ("DQN", DQN.colour, 4),
    ]  # fmt: skip
    curves = [curve for curve in analysis.curves if curve.group != "random"]
    assert {curve.unit for curve in curves} == {"train_s", "env_steps", "train_cpu_s"}
    for curve in curves:
        group = next(group for group in chart.groups if group.name.lower() == curve.group)
        shown = group.curves[curve.unit]
        assert curve.median is not None
        np.testing.assert_allclose(shown.x, curve.x, rtol=1e-5)
        np.testing.assert_allclose(shown.middle, curve.median, rtol=1e-5)
        np.testing.assert_allclose(shown.low, curve.low, rtol=1e-5)
        np.testing.assert_allclose(shown.high, curve.high, rtol=1e-5)
        assert shown.seeds == tuple(curve.n)
        assert shown.live_until == curve.live_until
    assert [(line.name, line.value) for line in chart.lines] == [
        ("threshold 475", 475.0), ("acting at random: 23", 23.0),
    ]  # fmt: skip
    assert chart.is_log  # DQN takes 30 times as long
    assert chart.low < 23 < 480 < chart.high


def test_cost_is_training_time_at_the_rate_of_the_cores(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=1)
    chart = chart_in(tmp_path, Rates(euros_per_core_hour=1.8))
    assert chart.clocks[-1].name == "cost (euros, at 1.8 a core-hour)"
    assert [group.per_s for group in chart.groups] == [pytest.approx(2 * 1.8 / 3600)] * 2
    free = chart_in(tmp_path, Rates(euros_per_core_hour=0.0))
    assert [clock.key for clock in free.clocks] == ["train_s", "env_steps", "train_cpu_s"]
    RunFiles(agent="x", header={"cores": None}).write(tmp_path)
    unknown = chart_in(tmp_path, Rates())
    assert [clock.key for clock in unknown.clocks] == ["train_s", "env_steps", "train_cpu_s"]


def test_what_was_not_measured_has_no_chart(tmp_path: Path) -> None:
    RunFiles(history=((1.0, None),), status="failed", threshold=None).write(tmp_path)
    found = found_in(tmp_path)
    (analysis,) = found.analyses
    assert chart_of(analysis, Looks(found.groups).on(analysis.env), Rates()) is None
    page = build_report(tmp_path).page.read_text()
    assert "uPlot" not in page
    assert "chart-data" not in page


def test_what_is_too_much_to_draw_has_no_chart(tmp_path: Path) -> None:
    for number in range(MOST_GROUPS):
        header = {"setup": f"s{number}", "learning": f"l{number}"}
        RunFiles(header=header).write(tmp_path / "many")
    assert len(chart_in(tmp_path / "many").groups) == MOST_GROUPS
    RunFiles(agent="dqn").write(tmp_path / "many")
    huge = ((0.0, -1.5e308), (1.0, 1.5e308))
    RunFiles(history=huge, threshold=None, status="budget").write(tmp_path / "huge")
    for name in ("many", "huge"):
        found = found_in(tmp_path / name)
        (analysis,) = found.analyses
        assert chart_of(analysis, Looks(found.groups).on(analysis.env), Rates()) is None


def test_no_character_of_the_data_is_markup(tmp_path: Path) -> None:
    write_hostile(tmp_path)
    text = charts_json({HOSTILE: chart_in(tmp_path)})
    assert not set("<>&") & set(text)
    assert json.loads(text)[HOSTILE]["env"] == HOSTILE


def test_the_page_runs_its_own_script_and_no_other(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=1)
    text = build_report(tmp_path).page.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert rules == {
        "default-src": "'none'", "img-src": "data:", "script-src": hash_of(script),
        "style-src": hash_of(style), "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert '<script type="application/json" id="chart-data">' in text
    assert json.loads(data)["env-CartPole-v1"]["groups"][0]["name"] == "ES"
    assert "Copyright (c) 2022 Leon Sorokin" in script


def hash_of(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def test_the_library_is_the_one_from_npm() -> None:
    sums = {
        "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    }
    for name, expected in sums.items():
        content = LIBRARY.joinpath(name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected
    script = LIBRARY.joinpath("uPlot.iife.min.js").read_text()
    assert "uPlot (v1.6.32)" in script
    assert "uPlot 1.6.32" in LIBRARY.joinpath("README.md").read_text()
    # What the page's Content-Security-Policy would refuse, or what could end its script element.
    for word in ("eval(", "Function(", "innerHTML", "</script", "<!--", "http:", "import("):
        assert word not in script, word
