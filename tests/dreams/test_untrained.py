"""The network of a run before it learned: that of its snapshot, else drawn again as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import rlbench
from rlbench.dreams.untrained import untrained
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.source import read_source

QUICK = {"budget.env_steps": 600, "eval.episodes": 1, "env.max_episode_steps": 100}


def same(one: NetworkPolicy, other: NetworkPolicy) -> bool:
    return one.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("agent", ["dqn", "es"])
def test_what_is_drawn_again_is_what_the_run_began_with(agent: str, tmp_path: Path) -> None:
    pytest.importorskip("minatar", reason="rlbench[minatar] is not installed")
    more = (
        {
            "agent.learning_starts_steps": 100, "agent.batch_size": 8,
            "agent.updates_per_train": 4, "agent.compile": False,
        }
        if agent == "dqn"
        else {"agent.population": 4, "agent.virtual_batch_norm": False}
    )  # fmt: skip
    run = rlbench.run(
        agent, "MinAtar/Breakout-v1", seed=5, cores=1, in_process=True, progress=False,
        results_dir=tmp_path, snapshots=True, **QUICK, **more,
    )  # fmt: skip
    source = read_source(run.directory)
    policy = source.policy
    assert isinstance(policy, NetworkPolicy)
    frames = np.zeros((2, 4, 10, 10), np.uint8)
    kept, words = untrained(source, policy, frames)
    assert words == "its policy before training, 0.npz in snapshots" and not same(kept, policy)
    shutil.rmtree(run.directory / "snapshots")
    drawn, words = untrained(source, policy, frames)
    assert words == "fresh parameters of seed 5" and same(drawn, kept)
