"""A sweep that is not worth running to its end: what runs is stopped, what waits is not begun."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rlbench.config.compose import compose
from rlbench.runs.log import FILE
from rlbench.runs.summary import read_summary
from rlbench.sweeps.jobs import Job, State
from rlbench.sweeps.launch import launch

REASON = "it has seen enough"


def test_a_reason_to_stop_leaves_checkpoints_and_begins_nothing_more(tmp_path: Path) -> None:
    def watch(jobs: Sequence[Job]) -> str:
        logs = [job.directory / FILE for job in jobs if job.directory is not None]
        return REASON if any(log.exists() and b'"eval"' in log.read_bytes() for log in logs) else ""

    common = ["agent=random", "cores=1", "budget.env_steps=1000000000", "eval.episodes=1"]
    words = [[*common, f"results_dir={tmp_path}", f"seed={seed}"] for seed in (0, 1)]
    jobs = launch(words, compose, ["hydra.mode=RUN"], 1, quiet=True, watch=watch)
    assert [(job.state, job.note) for job in jobs] == [(State.CUT, REASON)] * 2
    begun, waiting = jobs[0].directory, jobs[1].directory
    assert begun is not None and waiting is not None
    assert read_summary(begun).status == "interrupted"
    assert any((begun / "checkpoint").iterdir()) and not waiting.exists()
