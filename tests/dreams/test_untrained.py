"""The network of a run before it learned: that of its snapshot, else drawn again as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import rlbench
from rlbench.agents.es.virtual_norm import EPSILON
from rlbench.dreams.untrained import untrained
from rlbench.nets.conv import ConvNet, patches
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.source import read_source
from rlbench.runs.directory import write_policy
from support.run_files import RunFiles

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


def test_virtual_batch_normalisation_is_by_the_frames_of_this_play(tmp_path: Path) -> None:
    network = ConvNet((4, 10, 10), ((3, 3, 1),), (5,), 2)
    trained = NetworkPolicy(network, ArgmaxHead((2,), single=True), np.zeros(network.size))
    run = RunFiles(agent="es").write(tmp_path)
    write_policy(run / "policy.npz", trained.arrays())
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (16, 4, 10, 10)).astype(np.uint8)
    policy, words = untrained(read_source(run), trained, frames)
    assert words == "fresh parameters of seed 0, normalised by these frames"
    (kernel, bias), *_ = network.layers(policy.parameters)
    x = np.moveaxis(frames, 1, -1).astype(np.float64) / 255
    sums = patches(x, 3, 1).reshape(-1, len(kernel)) @ kernel + bias
    assert np.allclose(sums.mean(axis=0), 0, atol=1e-5)
    variance = sums.var(axis=0)
    assert np.allclose(variance, 1, atol=0.1) and (variance < 1 + EPSILON).all()
