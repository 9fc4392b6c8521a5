"""A package that adds one of each kind, installed and used from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.cli.main import main
from rlbench.envs.make import family_of, plan_env
from rlbench.envs.single import SingleEnvs
from rlbench.nets.policy import NetworkPolicy
from rlbench.settings import EnvSettings
from rlbench.testing import check_agent
from support.wheels import REPOSITORY, install_wheel

CATCH = "rlbench_example.catch:Catch-v0"
SHORT = (
    "cores=1", "eval.episodes=2", "eval.confirmation_episodes=2", "stop_at_threshold=false",
    "budget.train_seconds=60",
)  # fmt: skip
Rlbench = Callable[..., str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("example") / "installed"
    install_wheel(REPOSITORY / "tests" / "example_package", target)
    return target


@pytest.fixture
def on_the_path(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package, for this process and those that it starts, in an empty folder."""
    monkeypatch.syspath_prepend(str(installed))
    paths = os.pathsep.join([str(installed), str(REPOSITORY / "src")])
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rlbench(on_the_path: None, capsys: pytest.CaptureFixture[str]) -> Rlbench:
    """Runs a command in the process of the tests; what it printed."""

    def run(*words: str, status: int = 0) -> str:
        capsys.readouterr()
        found = main(words)
        said = "".join(capsys.readouterr())
        assert found == status, said
        return said

    return run


@pytest.fixture
def trained(rlbench: Rlbench, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Trains for a moment; what run.json and summary.json say."""

    def train(*words: str, steps: int = 500) -> dict[str, Any]:
        rlbench(*SHORT, f"budget.env_steps={steps}", *words)
        (header,) = tmp_path.rglob("run.json")
        summary = header.with_name("summary.json")
        return {**json.loads(header.read_text()), **json.loads(summary.read_text())}

    return train


@pytest.mark.usefixtures("on_the_path")
def test_its_agent_trains_without_a_yaml(tmp_path: Path) -> None:
    words = (*SHORT, "budget.env_steps=500", "agent=climber", "agent.sigma=0.3", "env=CartPole-v1")
    subprocess.run([sys.executable, "-m", "rlbench", *words], timeout=120, check=True)
    (summary,) = tmp_path.rglob("climber/*/*/seed0/summary.json")
    assert json.loads(summary.read_text())["env_steps"] >= 500
    (policy,) = tmp_path.rglob("policy.npz")
    with np.load(policy, allow_pickle=False) as arrays:
        assert arrays["weights"].shape == (4, 2)
        assert json.loads(str(arrays["architecture"])) == {"kind": "linear"}


def test_a_mistyped_name_lists_what_it_adds(rlbench: Rlbench) -> None:
    takes = "takes climber, dqn, es, evosax, evotorch, random, sb3 or sbx; did you mean climber?"
    assert takes in rlbench("agent=climer", status=2)
    assert "serial, process, ray or threads" in rlbench("executor=thread", status=2)


@pytest.mark.usefixtures("on_the_path")
def test_its_agent_keeps_the_rules() -> None:
    for env in ("CartPole-v1", CATCH):
        check_agent("rlbench_example.climber:HillClimber", env)
        check_agent("climber", env, settings={"sigma": 0.2}, env_steps=100)


@pytest.mark.parametrize("agent", ["climber", "es"])
def test_its_environment_has_the_threshold_of_its_yaml(trained: Any, agent: str) -> None:
    run = trained(f"agent={agent}", f"env={CATCH}")
    assert run["env"] == CATCH and run["threshold"] == 0.9
    assert run["env_steps"] == 6 * run["episodes"]  # every game takes six steps


def test_its_lanes_give_the_bytes_of_single_environments(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed))
    assert type(family_of(EnvSettings(id=CATCH))).__name__ == "CatchFamily"
    plan = plan_env(EnvSettings(id=CATCH))
    assert plan.facts.native_vector and type(plan.lanes(3)).__name__ == "CatchLanes"
    together, alone = plan.lanes(7), SingleEnvs(CATCH, {}).lanes(7, 6, None)
    lanes, rng = np.arange(7), np.random.default_rng(0)
    for game in range(20):
        seeds = np.arange(7) + 100 * game
        assert together.reset(lanes, seeds).tobytes() == alone.reset(lanes, seeds).tobytes()
        for _ in range(6):
            actions = rng.integers(3, size=7)
            ours, theirs = together.step(lanes, actions), alone.step(lanes, actions)
            for mine, gymnasiums in zip(ours, theirs, strict=True):
                assert mine.dtype == gymnasiums.dtype
                assert mine.tobytes() == gymnasiums.tobytes()
    assert vars(together.counts) == vars(alone.counts) == {"env_steps": 840, "episodes": 140}


@pytest.mark.parametrize(
    "words",
    [
        ("agent=es", "agent.population=4", "agent.virtual_batch_norm=true",
         "agent.reference_frames=2"),
        ("agent=dqn", "agent.replay_capacity_steps=2000", "agent.learning_starts_steps=64",
         "agent.compile=false", "agent.dueling=true"),
    ],
    ids=["es", "dqn"],
)  # fmt: skip
def test_its_network_learns_in_both_agents(
    trained: Any, tmp_path: Path, words: tuple[str, ...]
) -> None:
    short = ["env.max_episode_steps=20", "eval.max_episode_steps=20", "env.threshold=null"]
    trained("env=ALE/Pong-v5", "agent.network=small_cnn", *short, *words, steps=128)
    (path,) = tmp_path.rglob("policy.npz")
    with np.load(path, allow_pickle=False) as arrays:
        network = json.loads(str(arrays["architecture"]))["network"]
        policy = NetworkPolicy.from_arrays(arrays)
    assert network["convs"] == [[8, 8, 4], [16, 4, 2]]
    assert network["hidden"] == ([64] if "agent=dqn" in words else [32])  # dueling: two streams
    obs = np.random.default_rng(0).integers(0, 256, (3, 4, 84, 84), np.uint8)
    assert policy.act(obs, np.random.default_rng()).shape == (3,)


def test_its_network_does_not_suit_vectors(rlbench: Rlbench) -> None:
    said = rlbench("env=CartPole-v1", "agent.network=small_cnn", status=2)
    assert (
        "agent.network: got 'small_cnn'; takes auto or mlp: CartPole-v1 observes a vector" in said
    )
    said = rlbench("env=CartPole-v1", "agent.network=small_cn", status=2)
    assert (
        "takes auto, mlp, nature, dopamine, a3c, small, impala-small or small_cnn; did you mean "
        "small_cnn?" in said
    )


def test_its_executor_learns_the_same_with_another_number_of_workers(
    trained: Any, rlbench: Rlbench, tmp_path: Path
) -> None:
    words = ["agent=es", "env=Acrobot-v1", "agent.population=8", "env.max_episode_steps=40"]
    run = trained(*words, "executor=threads")
    assert (run["executor"], run["workers"], run["cores"]) == ("threads", 2, 1)
    (threads,) = tmp_path.rglob("policy.npz")
    rlbench(*SHORT, "budget.env_steps=500", *words, "executor=serial", "results_dir=serial")
    (serial,) = (tmp_path / "serial").rglob("policy.npz")
    with np.load(threads) as ours, np.load(serial) as theirs:
        assert ours.files == theirs.files
        for name in ours.files:
            assert ours[name].tobytes() == theirs[name].tobytes()


@pytest.mark.usefixtures("blank_figures")
def test_its_figure_is_in_the_report(rlbench: Rlbench, tmp_path: Path) -> None:
    for agent in ("es", "climber"):
        rlbench(*SHORT, "budget.env_steps=500", f"agent={agent}", "env=CartPole-v1")
    rlbench("report", "results/runs", "--out", "report")
    (drawn,) = (tmp_path / "report").rglob("*steps-per-second*.png")
    assert drawn.read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Steps per second" in page and "steps a second" in page
