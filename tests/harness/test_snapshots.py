"""`snapshots=true`: the policies that a run keeps on the way."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from rlbench.agents.saved import read_policy
from rlbench.config.compose import compose
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.harness.snapshots import mark_after
from rlbench.playing.snapshots import untrained_snapshot


@pytest.mark.parametrize(
    ("train_s", "mark"),
    [
        (0.0, 0.0),
        (0.1, 0.1),
        (0.11, 0.2),
        (0.5, 0.5),
        (0.6, 1),
        (3, 5),
        (5, 5),
        (5.1, 10),
        (999, 1e3),
    ],
)
def test_marks(train_s: float, mark: float) -> None:
    assert mark_after(train_s) == pytest.approx(mark)


def test_a_run_keeps_the_newest_policy_at_each_mark(tmp_path: Path) -> None:
    words = [
        "agent=es", "env=CartPole-v1", "cores=1", f"results_dir={tmp_path}", "agent.population=8",
        "budget.env_steps=20000", "eval.episodes=1", "env.threshold=null",
    ]  # fmt: skip
    plain, asked = compose(words), compose([*words, "snapshots=true"])
    assert name_run(plain) == name_run(asked)
    assert run(asked) == 0
    place = name_run(asked).directory
    rows = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    evaluated = [(row["env_steps"], row["train_s"]) for row in rows if row["kind"] == "eval"]
    kept = {
        steps
        for (steps, train_s), (_, following_s) in itertools.pairwise(evaluated)
        if mark_after(train_s) < following_s
    }
    kept.add(evaluated[-1][0])
    found = {int(file.stem) for file in (place / "snapshots").iterdir()}
    assert found == kept and 1 <= len(found) < len(evaluated)
    last = read_policy(place / "snapshots" / f"{evaluated[-1][0]}.npz")
    final = read_policy(place / "policy.npz")
    assert np.array_equal(last.arrays()["parameters"], final.arrays()["parameters"])
    # The policy before any learning is that of the first evaluation, where it was kept.
    untrained = untrained_snapshot(place)
    assert untrained is not None and untrained.file.stem == str(evaluated[0][0]) == "0"
    untrained.file.unlink()
    assert untrained_snapshot(place) is None
