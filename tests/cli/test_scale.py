"""`rlbench scale` as a user types it, on a run with known costs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from rlbench.cli.main import main
from support.scaled_run import write_run

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

SIZES = "1,2,4,100"
FREE = ["--latency-ms", "0", "--message-us", "0", "--cores-per-machine", "100"]


def test_equal_episodes_scale_until_the_population_is_used_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = write_run(tmp_path / "run"), tmp_path / "out"
    assert main(["scale", str(run), "--workers", SIZES, *FREE, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    said = " ".join(said.split())
    assert (
        "ES on Toy-v0, seed 0: 40 s of training on 1 core to the end of the run; 40 s of CPU time"
        in said
    )
    assert "10 generations of 16 members, 100 parameters; 2.5 ms a step" in said
    rows = list(csv.DictReader(io.StringIO((out / "scaling.csv").read_text())))
    strong = {row["workers"]: row for row in rows if row["scaling"] == "strong"}
    # 16 members in tasks of 2 are work for 8 workers: on 100 a generation takes 4 s / 8.
    found = {workers: float(row["goal_s"]) for workers, row in strong.items()}
    assert found == {
        "1": pytest.approx(40.0), "2": pytest.approx(20.0, rel=1e-3),
        "4": pytest.approx(10.0, rel=1e-3), "100": pytest.approx(5.0, rel=1e-3),
    }  # fmt: skip
    assert strong["100"]["bottleneck"] == "population"
    growing = {row["workers"]: row for row in rows if row["scaling"] == "growing"}
    assert growing["100"]["population"] == "400"
    names = {"index.html", "scaling.csv", "scaling.png", "scaling.svg"}
    assert {path.name for path in out.iterdir()} == names
    page = (out / "index.html").read_text()
    assert "Toy-v0 on more workers" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_a_second_run_is_held_against_the_prediction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_run(tmp_path / "one")
    two = write_run(tmp_path / "two", cores=2, cpu_per_s=1.6)  # 2.5 s a generation, 2.0 predicted
    assert main(["scale", str(one), str(two), "--workers", "1,2", *FREE]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Measured on 2 workers: 2.5 s a round, predicted 2 s (-20 %)" in said


def test_a_run_of_dqn_has_actors_and_a_learner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", agent="dqn", cores=2)
    assert main(["scale", str(run), "--workers", "1,2", *FREE]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "DQN on Toy-v0, seed 0: 40 s of training on 2 cores (1 worker)" in said
    assert "16k steps in rounds of 1," in said and "32 bytes to send a step" in said
    assert "One worker is the run itself, which acts and learns; more have an actor each." in said
    assert "Actors, and one learner beside them" in said
    assert "Growing population" not in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--workers", "0"], "argument --workers: got 0, takes up to 50 numbers from 1"),
        (["RUN", "--gbit-per-s", "0"], "argument --gbit-per-s: got 0, takes a number from 0.001"),
        (["RUN", "--cores-per-machine", "x"], "got x, takes a whole number from 1"),
        (["absent"], "absent: no such directory"),
        (["."], "run.json is missing; takes the directory of a run"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "RUN")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "runs")
        try:
            status = main(["scale", *words])
        except SystemExit as ended:
            status = int(ended.code or 0)
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_place_that_is_no_folder_or_somebody_elses_is_refused_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken, page = tmp_path / "taken", tmp_path / "mine" / "index.html"
    page.parent.mkdir()
    for file in (taken, page):
        file.write_text("mine")
    for out, said in (
        (taken, "is not a directory"),
        (taken / "below", f"{taken}: is not a directory"),
        (page.parent, f"{page}: is there already, and rlbench has not written it"),
    ):
        assert main(["scale", str(tmp_path / "absent"), "--out", str(out)]) == 2
        assert capsys.readouterr().err == f"rlbench: --out {out}: cannot be written ({said})\n"
    assert [file.read_text() for file in (taken, page)] == ["mine", "mine"]
    (page.parent / "scaling.csv").write_text("")  # so the page is one of `rlbench scale`
    run = write_run(tmp_path / "run")
    assert main(["scale", str(run), "--workers", "1,2", *FREE, "--out", str(page.parent)]) == 0
    assert "Toy-v0 on more workers" in page.read_text()


def test_a_run_of_another_agent_and_one_that_is_damaged_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "random", agent="random")
    assert main(["scale", str(run)]) == 2
    assert "a run of random; takes runs of es or dqn" in capsys.readouterr().err
    run = write_run(tmp_path / "torn")
    (run / "policy.npz").write_bytes(b"torn")
    assert main(["scale", str(run)]) == 2
    assert "torn: policy.npz cannot be read" in capsys.readouterr().err


def test_a_log_whose_rows_of_training_were_pruned_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run")
    log = run / "log.jsonl"
    rows = log.read_text().splitlines(keepends=True)
    log.write_text("".join(row for row in rows if '"train"' not in row))
    assert main(["scale", str(run)]) == 2
    assert "log.jsonl has no rows of training" in capsys.readouterr().err
