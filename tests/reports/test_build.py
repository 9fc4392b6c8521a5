"""The whole report: files, bytes, messages and exit status."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rlbench.analysis.environment import analyze
from rlbench.analysis.groups import group_runs
from rlbench.cli.report import main
from rlbench.errors import ConfigError, ReportError
from rlbench.reports.answers import answers, headline
from rlbench.reports.build import build_report
from rlbench.reports.figures import draw as drawing
from rlbench.reports.findings import findings_of
from rlbench.reports.terminal import environment_lines
from rlbench.runs.load import load_runs
from rlbench.runs.records import EndStatus
from support.run_files import RunFiles, write_without_threshold

blank = pytest.mark.usefixtures("blank_figures")


def write_pair(root: Path, env: str = "CartPole-v1", seeds: int = 5, **more: object) -> None:
    for agent, factor in (("es", 1.0), ("dqn", 30.0)):
        for seed in range(seeds):
            end = factor * (1.0 + 0.2 * seed)
            history = [(end * i / 10, 48.0 * i) for i in range(11)]
            RunFiles(agent=agent, env=env, seed=seed, history=history, **more).write(root)  # type: ignore[arg-type]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@blank
def test_files_tables_and_summary(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_pair(tmp_path, env="ALE/Pong-v5")
    report = build_report(tmp_path)
    out = tmp_path / "report"
    assert {path.name for path in report.files} == {
        f"{env}-{kind}.{suffix}"
        for env in ("CartPole-v1", "ALE__Pong-v5")
        for kind in ("curves", "time", "reached")
        for suffix in ("png", "svg")
    } | {"speed-ratio.png", "speed-ratio.svg", "aggregate.png", "aggregate.svg", "runs.csv",
         "time_to_threshold.csv", "survival.csv", "speed_ratio.csv", "curves.csv", "scores.csv",
         "evaluations.csv",
         "aggregate.csv", "speed_ratio_overall.csv", "claims.json", "claims.csv",
         "published-atari.png", "published-atari.svg",
         "published-mujoco.png", "published-mujoco.svg", "index.html"}  # fmt: skip
    assert report.problems == ()
    at = report.lines.index("2 environments (geometric mean)")
    assert report.lines[at : at + 5] == (
        "2 environments (geometric mean)",
        "  ES was clearly faster than DQN",
        "    by training time: ES 30\u00d7 as fast (95 % interval 21 to 43)",
        "CartPole-v1: no normalised score, no run of agent=random under the same conditions",
        "No aggregate of normalised scores: fewer than two environments have any",
    )

    runs = table(out / "runs.csv")
    assert len(runs) == 20
    assert runs[-1]["directory"] == "dqn/CartPole-v1/dqnsetup/seed4"
    assert float(runs[-1]["solved_train_s"]) == pytest.approx(54.0)
    assert float(runs[-1]["previous_train_s"]) == pytest.approx(48.6)
    ratios = [r for r in table(out / "speed_ratio.csv") if r["env"] == "CartPole-v1"]
    assert [r["unit"] for r in ratios] == [
        "train_s", "core_s", "train_cpu_s", "env_steps", "command_s",
    ]  # fmt: skip
    assert float(ratios[0]["ratio"]) == pytest.approx(30.0)
    times = table(out / "time_to_threshold.csv")
    assert {(r["agent"], r["restricted_mean"]) for r in times if r["unit"] == "train_s"} == {
        ("es", "1.4"), ("dqn", "42")
    }  # fmt: skip
    curve = [
        r for r in table(out / "curves.csv")
        if (r["env"], r["agent"], r["axis"]) == ("CartPole-v1", "es", "train_s")
    ]  # fmt: skip
    assert (curve[0]["x"], curve[0]["mean"], curve[0]["n"]) == ("0", "0", "5")
    assert curve[-1]["mean"] == "480"


def test_same_input_same_bytes_in_another_process(tmp_path: Path) -> None:
    write_pair(tmp_path / "runs", seeds=2)
    build_report(tmp_path / "runs", tmp_path / "one")
    code = "import sys; from rlbench.cli.report import main; sys.exit(main(sys.argv[1:]))"
    again = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "runs"), "--out", str(tmp_path / "two")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stderr == ""
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_drawn_by_workers_or_not_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for env in ("A-v0", "B-v0"):
        write_pair(tmp_path / "runs", env=env, seeds=1)
    build_report(tmp_path / "runs", tmp_path / "alone")
    monkeypatch.setattr(drawing, "PARALLEL_FROM", 2)
    monkeypatch.setattr(drawing, "_usable_cores", lambda: 2)
    build_report(tmp_path / "runs", tmp_path / "shared")
    assert contents(tmp_path / "alone") == contents(tmp_path / "shared")


def test_a_stranger_s_names_stay_text(tmp_path: Path) -> None:
    hostile = "../$\\frac$<script>alert(1)</script>"
    header = {"env": hostile, "cpu_model": "=HYPERLINK(1)", "argv": ["<b>"]}
    RunFiles(agent="es", header=header).write(tmp_path / "runs")
    RunFiles(agent="dqn", header=header).write(tmp_path / "runs")
    report = build_report(tmp_path / "runs", tmp_path / "out")
    assert {path.parent for path in report.files} == {tmp_path / "out"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "runs"]
    for path in report.files:
        if path.suffix == ".svg":
            tree = ElementTree.fromstring(path.read_text())
            assert not [e for e in tree.iter() if e.tag.endswith("script")]
            # In the one the name is cut, in the others no run has a part.
            if not path.name.startswith(("speed-ratio", "published-")):
                assert "<script>" in "".join(tree.itertext())
    assert table(tmp_path / "out" / "runs.csv")[0]["cpu_model"] == "'=HYPERLINK(1)"


def test_odd_runs_of_every_kind_are_drawn(tmp_path: Path) -> None:
    RunFiles(env="Instant-v0", history=((0.0, 480.0),)).write(tmp_path)
    RunFiles(env="Instant-v0", agent="dqn").write(tmp_path)
    RunFiles(env="Null-v0", history=((0.0, None), (1.0, None)), status="failed").write(tmp_path)
    RunFiles(env="Free-v0", threshold=None, status="budget").write(tmp_path)
    RunFiles(env="Wild-v0", history=((0.0, -1e29), (1e9, 1e29)), status="budget").write(tmp_path)
    RunFiles(env="Flat-v0", history=((0.0, 0.0),), status=None).write(tmp_path)
    RunFiles(env="Still-v0", agent="random", status="budget").write(tmp_path)
    report = build_report(tmp_path)
    names = {path.name for path in report.files}
    assert {f"{env}-v0-curves.png" for env in ("Instant", "Null", "Free", "Wild", "Flat")} <= names
    assert "Free-v0-time.png" not in names
    assert "Still-v0-time.png" not in names
    text = "\n".join(report.problems)
    assert "es/Null-v0/essetup/seed0: failed: env raised ValueError" in text
    assert "every evaluation's mean return is null" in text


def test_the_terminal_says_who_scored_more_where_nothing_counts_as_solved(tmp_path: Path) -> None:
    write_without_threshold(tmp_path, "A-v1", es=1.0, dqn=3.0)
    (found,) = group_runs(load_runs(tmp_path).runs)
    assert list(environment_lines(analyze(found)))[-1] == (
        "  DQN scored more: 3.2 against 1.2 (clear: 95 % interval of the difference 1.7 to 2.3)"
    )


def test_two_thresholds_are_two_comparisons_of_one_environment(tmp_path: Path) -> None:
    for agent, times in (("es", {100: 1.0, 475: 10.0}), ("dqn", {100: 5.0, 475: 3.0})):
        for threshold, solved_s in times.items():
            for seed in range(5):
                RunFiles(
                    agent=agent, seed=seed, threshold=float(threshold),
                    history=((0.0, 10.0), (0.95 * solved_s, 11.0), (solved_s, 480.0)),
                    header={"setup": f"{agent}{threshold}", "fingerprint": f"f{threshold}"},
                ).write(tmp_path)  # fmt: skip
    environments = group_runs(load_runs(tmp_path).runs)
    found = [a for environment in environments for a in answers(analyze(environment, None))]
    assert list(headline(found)) == [
        "ES was clearly faster in 1 of 2 comparisons "
        "(CartPole-v1, ES (threshold 100) against DQN (threshold 100)), DQN in 1 "
        "(CartPole-v1, ES (threshold 475) against DQN (threshold 475))."
    ]


@blank
def test_the_terminal_says_who_was_faster_and_who_scored_more(tmp_path: Path) -> None:
    for agent, best in (("es", 90.0), ("dqn", 40.0)):
        for seed in range(5):
            RunFiles(
                agent=agent, seed=seed, status="budget", history=((0.0, 10.0), (600.0, best + seed))
            ).write(tmp_path)
    assert build_report(tmp_path).lines[3:5] == (
        "  There is no speed ratio of ES and DQN: neither reached the level",
        "    ES scored more: 92 against 42 (clear: 95 % interval of the difference 47 to 53)",
    )


@blank
def test_problems_are_notes_and_the_exit_status_is_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pair(tmp_path, seeds=1)
    torn = RunFiles(seed=5, status=None).write(tmp_path)
    with (torn / "log.jsonl").open("a") as log:
        log.write('{"kind": "ev')
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "run.json").write_text("hello")
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "note: es/CartPole-v1/essetup/seed5: last line of log.jsonl is torn" in printed.err
    assert "note: foreign: run.json is not a JSON object: passed over" in printed.err
    assert f"open {tmp_path / 'report' / 'index.html'} in a browser" in printed.out


def test_the_terminal_says_which_seeds_did_not_come_to_their_end(tmp_path: Path) -> None:
    history = ((0.0, 10.0), (0.67, 20.0))
    RunFiles(agent="dqn", history=history, status=None).write(tmp_path)
    endings: dict[EndStatus, float] = {"failed": 20.0, "interrupted": 20.0, "solved": 480.0}
    for seed, (status, last) in enumerate(endings.items()):
        RunFiles(seed=seed, history=((0.0, 10.0), (1.0, last)), status=status).write(tmp_path)
    (analysis,) = findings_of(load_runs(tmp_path)).analyses
    lines = list(environment_lines(analysis))
    (dqn,) = (line for line in lines if line.startswith("  DQN: "))
    (es,) = (line for line in lines if line.startswith("  ES: "))
    assert dqn == "  DQN: 1 seed, none solved it within 0.67 s of training; 1 unfinished"
    assert es.startswith("  ES: 3 seeds, 1 solved it, ")
    assert es.endswith("; 1 failed; 1 unfinished")


def test_nothing_to_report(tmp_path: Path) -> None:
    def refusal(directory: Path) -> str:
        with pytest.raises(ReportError) as refused:
            main([str(directory)])
        assert refused.value.exit_status == 2
        return str(refused.value).removeprefix(f"{directory}: ")

    assert refusal(tmp_path / "absent") == "no such directory"
    assert refusal(tmp_path) == "no run found (no run.json at any depth)"
    (tmp_path / "run.json").write_text("{}")
    assert refusal(tmp_path) == (
        "none of the 1 run can be used; the first: .: run.json has no schema number, "
        "so it is not a run of rlbench: passed over"
    )
    assert not (tmp_path / "report").exists()


@blank
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    write_pair(tmp_path / "runs", seeds=1)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReportError, match="cannot be written"):
        build_report(tmp_path / "runs", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["index.html", "report.json"])
def test_a_file_of_somebody_else_is_not_written_over(tmp_path: Path, name: str) -> None:
    write_pair(tmp_path / "runs", seeds=1)
    mine = tmp_path / "docs" / name
    mine.parent.mkdir()
    mine.write_text('{"files": "mine"}')
    said = f"{name}: is there already, and rlbench has not written it"
    with pytest.raises(ReportError, match=said) as refused:
        build_report(tmp_path / "runs", mine.parent)
    assert refused.value.exit_status == 2
    assert mine.read_text() == '{"files": "mine"}' and list(mine.parent.iterdir()) == [mine]


@blank
def test_what_an_older_report_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write_pair(tmp_path / "runs", seeds=1)
    out = tmp_path / "out"
    RunFiles(env="Gone-v0").write(tmp_path / "older")
    build_report(tmp_path / "older", out)
    assert (out / "Gone-v0-curves.png").exists()
    (out / "mine.png").write_bytes(b"mine")
    (tmp_path / "outside.png").write_bytes(b"mine")
    manifest = json.loads((out / "report.json").read_text())
    manifest["files"] += ["../outside.png", "..", 7]
    (out / "report.json").write_text(json.dumps(manifest))
    build_report(tmp_path / "runs", out)
    assert not (out / "Gone-v0-curves.png").exists()
    assert (out / "mine.png").exists()
    assert (tmp_path / "outside.png").exists()


def test_help_has_an_example_and_imports_no_drawing() -> None:
    code = (
        "import sys\nfrom rlbench.cli.report import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "print(sorted({'matplotlib', 'pandas', 'tensorflow', 'gymnasium', 'hydra'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\n  rlbench report results/runs --out results/report" in done.stdout
    assert done.stdout.endswith("[]\n")


@blank
@pytest.mark.parametrize("kept, left_out", [("png", "svg"), ("svg", "png")])
def test_figures_as_one_kind_of_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kept: str, left_out: str
) -> None:
    write_pair(tmp_path / "runs")
    out = tmp_path / "out"
    words = [str(tmp_path / "runs"), "--out", str(out)]
    assert main(words) == 0
    both = contents(out)
    assert main([*words, "--figures", kept]) == 0  # what the report before left is taken away
    found = contents(out)
    changed = {"index.html", "report.json"}
    assert found.keys() == {name for name in both if not name.endswith(left_out)}
    assert all(found[name] == both[name] for name in found.keys() - changed)
    page, page_before = (files["index.html"].decode() for files in (found, both))
    assert f'Files: <a href="./CartPole-v1-curves.{kept}">CartPole-v1-curves.{kept}</a>.' in page
    assert f"curves.{left_out}" in page_before
    assert f"curves.{left_out}" not in page
    # Inside the page the pictures stay.
    assert page.count("data:image/svg+xml") == page_before.count("data:image/svg+xml") > 0
    with pytest.raises(SystemExit):
        main([*words, "--figures", "pdf"])
    assert "choose from png, svg" in capsys.readouterr().err.replace("'", "")


@blank
def test_with_random_runs_there_are_aggregates_and_their_figures(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        write_pair(tmp_path / "runs", env=env, seeds=2)
        RunFiles(
            agent="random", env=env, history=((0.0, 20.0),), status="budget"
        ).write(tmp_path / "runs")  # fmt: skip
    report = build_report(tmp_path / "runs", tmp_path / "one")
    names = {path.name for path in report.files}
    for name in ("aggregate", "aggregate-curves"):
        assert {f"{name}.png", f"{name}.svg"} <= names
    assert "profiles.svg" not in names  # every score is 1, which a picture does not say better
    assert {"aggregate_curves.csv", "profiles.csv", "scores.csv"} <= names
    rows = table(tmp_path / "one" / "scores.csv")
    assert {row["score"] for row in rows} == {"1"}
    assert len(rows) == 8


@blank
def test_costs_follow_the_rates_and_the_rates_are_in_the_table(tmp_path: Path) -> None:
    # One solve after an hour on two cores.
    RunFiles(history=((0.0, 1.0), (3600.0, 480.0)), budget_train_s=9000.0).write(tmp_path)
    words = ["--euros-per-core-hour", "0.5", "--watts-per-core", "30"]
    assert main([str(tmp_path), *words]) == 0
    row = table(tmp_path / "report" / "time_to_threshold.csv")[0]
    assert (row["unit"], row["core_hours_per_solve"]) == ("train_s", "2")
    assert (row["euros_per_solve"], row["kwh_per_solve"]) == ("1", "0.06")
    assert (row["euros_per_core_hour"], row["watts_per_core"]) == ("0.5", "30")
    run = table(tmp_path / "report" / "runs.csv")[0]
    assert (run["train_core_hours"], run["train_euros"], run["train_kwh"]) == ("2", "1", "0.06")


@pytest.mark.parametrize("wrong", ["-1", "nan", "inf", "much"])
def test_rates_that_are_no_amounts_are_refused(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["runs", f"--euros-per-core-hour={wrong}"])
    assert stop.value.code == 2
    assert f"--euros-per-core-hour: {wrong}: takes a number from 0 up" in capsys.readouterr().err


@blank
def test_a_run_that_shared_its_machine_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path)
    path = tmp_path / "es/CartPole-v1/essetup/seed1/summary.json"
    summary = json.loads(path.read_text())
    path.write_text(
        json.dumps({**summary, "contention": {"others_share": 0.2, "stolen_share": 0.01}})
    )
    assert build_report(tmp_path).problems == (
        "es/CartPole-v1/essetup/seed1: other processes had 20% of the cores' time while it ran",
    )


@blank
def test_runs_that_shared_their_machine_are_one_note(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=2)
    for seed, share in ((0, 0.1), (1, 0.2)):
        path = tmp_path / f"es/CartPole-v1/essetup/seed{seed}/summary.json"
        summary = json.loads(path.read_text())
        shared = {"others_share": share, "stolen_share": 0.0}
        path.write_text(json.dumps({**summary, "contention": shared}))
    assert build_report(tmp_path).problems == (
        "2 runs: other processes had 10% to 20% of the cores' time while they ran, most while "
        "es/CartPole-v1/essetup/seed1 did",
    )


@blank
def test_any_agent_can_be_the_baseline_and_each_challenger_has_its_figures(tmp_path: Path) -> None:
    for env in ("A-v0", "B-v0"):
        write_pair(tmp_path, env=env, seeds=2)
        for seed in range(2):
            RunFiles(agent="mine", env=env, seed=seed).write(tmp_path)
    out = tmp_path / "report"
    assert main([str(tmp_path), "--baseline", "es"]) == 0
    pairs = {(row["baseline"], row["challenger"]) for row in table(out / "speed_ratio.csv")}
    assert pairs == {("es", "dqn"), ("es", "mine")}
    assert {"aggregate.svg", "aggregate-2.svg"} <= set(contents(out))
    page = (out / "index.html").read_text()
    assert "<h1>Which solves it sooner: ES, DQN or mine?</h1>" in page
    assert "All environments together, DQN against ES" in page
    assert "All environments together, mine against ES" in page
    with pytest.raises(ConfigError, match="baseline: got 'theirs'; takes dqn, es, mine"):
        main([str(tmp_path), "--baseline", "theirs"])


@blank
def test_a_report_without_both_agents_of_the_claims_does_not_speak_of_them(tmp_path: Path) -> None:
    RunFiles(agent="ppo").write(tmp_path)
    RunFiles(agent="es").write(tmp_path)
    report = build_report(tmp_path)
    names = {path.name for path in report.files}
    assert not names & {"claims.csv", "claims.json", "published-atari.svg"}
    assert "popular claim" not in report.page.read_text()
    assert not any("claims" in line for line in report.lines)
