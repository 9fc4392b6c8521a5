"""What a policy scored, from the log of its run."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.playing.score import score_of
from rlbench.playing.source import read_source
from rlbench.runs.directory import write_policy
from support.policies import constant
from support.run_files import RunFiles


@pytest.mark.parametrize(
    ("name", "value", "train_s"),
    [("policy.npz", 300.0, 3.0), ("policy-best.npz", 480.0, 1.0)],
    ids=["last", "best"],
)
def test_the_last_policy_and_the_best(
    name: str, value: float, train_s: float, tmp_path: Path
) -> None:
    history = ((0.0, 10.0), (1.0, 480.0), (2.0, 480.0), (3.0, 300.0))
    run = RunFiles(history=history, status="budget").write(tmp_path)
    write_policy(run / name, constant(1.0).arrays())
    score = score_of(read_source(run / name))
    assert score is not None
    assert (score.mean.value, score.clock.train_s, score.episodes) == (value, train_s, 1)
