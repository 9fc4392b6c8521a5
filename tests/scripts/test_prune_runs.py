"""`scripts/prune_runs.py` lightens runs that have ended, and no others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import prune_runs
from prune_runs import prune


def make_run(folder: Path, status: str) -> Path:
    (folder / "checkpoint").mkdir(parents=True)
    for name in ("checkpoint/state-1.npz", "policy-best.npz", "policy.npz", ".lock"):
        (folder / name).write_text("x")
    (folder / "log.jsonl").write_text('{"kind": "end", "seq": 1}\n')
    (folder / "summary.json").write_text(json.dumps({"status": status}))
    return folder


@pytest.mark.parametrize("status", ["solved", "budget"])
def test_an_ended_run_keeps_what_the_report_reads(tmp_path: Path, status: str) -> None:
    run = make_run(tmp_path / "seed0", status)
    assert prune(run)
    assert sorted(p.name for p in run.iterdir()) == ["log.jsonl", "policy.npz", "summary.json"]


def test_rows_that_no_report_reads_go_and_the_others_keep_every_digit(tmp_path: Path) -> None:
    run = make_run(tmp_path / "seed0", "budget")
    kinds = ("start", "eval", "checkpoint", "train", "checkpoint", "end")
    rows = [{"kind": kind, "seq": seq, "of": "checkpoint", "returns": [0.1 + 0.2, 1e-17, -3.0]}
            for seq, kind in enumerate(kinds)]  # fmt: skip
    (run / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for _ in range(2):  # the second time there is nothing left to do
        assert prune(run)
        lines = (run / "log.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [rows[n] for n in (0, 1, 5)]
        assert lines[1] == (
            '{"kind":"eval","seq":1,"of":"checkpoint","returns":[0.30000000000000004,1e-17,-3.0]}'
        )


def test_rows_about_training_stay_where_that_is_asked(tmp_path: Path) -> None:
    run = make_run(tmp_path / "es/CartPole-v1/0123/seed0", "budget")
    rows = ['{"kind":"train","seq":1}\n', '{"kind":"checkpoint","seq":2}\n']
    (run / "log.jsonl").write_text("".join(rows))
    subprocess.run([sys.executable, prune_runs.__file__, tmp_path, "--keep-training"], check=True)
    assert (run / "log.jsonl").read_text() == rows[0]
    assert not (run / "checkpoint").exists()


def test_a_large_policy_goes_too(tmp_path: Path) -> None:
    run = make_run(tmp_path / "seed0", "budget")
    (run / "policy.npz").write_bytes(bytes(21_194))
    assert prune(run)
    assert sorted(p.name for p in run.iterdir()) == ["log.jsonl", "summary.json"]


@pytest.mark.parametrize("status", ["interrupted", "failed"])
def test_a_run_that_can_go_on_keeps_its_checkpoint(tmp_path: Path, status: str) -> None:
    run = make_run(tmp_path / "seed0", status)
    before = sorted(p.name for p in run.rglob("*"))
    assert not prune(run)
    assert sorted(p.name for p in run.rglob("*")) == before


def test_a_run_that_is_to_stay_failed_loses_its_traceback_too(tmp_path: Path) -> None:
    run = make_run(tmp_path / "es/CartPole-v1/0123/seed0", "failed")
    other = make_run(tmp_path / "es/CartPole-v1/0123/seed1", "interrupted")
    for folder in (run, other):
        (folder / "traceback.txt").write_text("where")
    done = subprocess.run(
        [sys.executable, prune_runs.__file__, tmp_path, "--failed"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "pruned 1 runs of 2\n")
    assert sorted(p.name for p in run.iterdir()) == ["log.jsonl", "policy.npz", "summary.json"]
    assert (other / "traceback.txt").exists() and (other / "checkpoint").is_dir()


def test_what_is_no_row_of_a_log_stays_as_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "seed0", "budget")
    odd = [b"\n", b'{"kind": "tr\n', b"\0\0\n", b"[1]\n", b'{"seq": 9}\n', b"\xff\n",
           b'{"kind": "train", "seq": 1}\n', b'{"kind": "end", "of": "a\xe2\x80\xa8b"}\n',
           b'{"kind": "eval", "s']  # fmt: skip
    (run / "log.jsonl").write_bytes(b"".join(odd))
    assert prune(run)
    kept = [*odd[:6], b'{"kind":"end","of":"a\\u2028b"}\n', odd[8]]
    assert (run / "log.jsonl").read_bytes() == b"".join(kept)


def test_a_run_that_cannot_be_read_is_named_and_left_and_the_others_are_pruned(
    tmp_path: Path,
) -> None:
    runs = [make_run(tmp_path / f"es/CartPole-v1/0123/seed{n}", "solved") for n in range(4)]
    (tmp_path / "precious").write_text('{"kind": "train"}\n')
    (runs[0] / "log.jsonl").unlink()
    (runs[0] / "log.jsonl").symlink_to(tmp_path / "precious")
    (runs[1] / "log.jsonl").unlink()
    (runs[2] / "summary.json").write_text("{")
    done = subprocess.run(
        [sys.executable, prune_runs.__file__, tmp_path], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "pruned 1 runs of 4\n")
    assert [str(run) in done.stderr for run in runs] == [True, True, True, False]
    assert all((run / "checkpoint").is_dir() for run in runs[:3])
    assert (tmp_path / "precious").read_text() == '{"kind": "train"}\n'


def test_a_log_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    run = make_run(tmp_path / "es/CartPole-v1/0123/seed0", "budget")
    before = "".join(json.dumps({"kind": "eval", "seq": n}) + "\n" for n in range(500))
    (run / "log.jsonl").write_text(before)
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
        f"sys.argv = ['x', {str(tmp_path)!r}]; runpy.run_path({prune_runs.__file__!r}, "
        "run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0
    assert (run / "log.jsonl").read_text() == before
    assert (run / "checkpoint").is_dir()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    words = [sys.executable, prune_runs.__file__, tmp_path / "nowhere"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.endswith("nowhere is not a directory\n")
