"""Runs from Python: what they are asked, what comes back, and what this process keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.config.compose import compose
from rlbench.harness.plan import name_run
from rlbench.runs import checkpoint
from support.states import assert_same

TESTS = Path(__file__).parents[1]
FAULTY: dict[str, Any] = {"env": "probe_envs:Faulty-v0", "env.kwargs": {"fault": "raise"}}
SMALL: dict[str, Any] = {
    "budget.env_steps": 400,
    "eval.episodes": 2,
    "eval.confirmation_episodes": 2,
    "cores": 1,
    "progress": False,
}
ES: dict[str, Any] = {**SMALL, "agent.population": 8, "agent.hidden": [8]}


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), *sys.path]))


def files() -> list[Path]:
    return list(Path().iterdir())


def surroundings() -> tuple[set[int] | None, dict[str, str]]:
    """The cores and the environment variables of this process."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    return cores, dict(os.environ)


def test_a_run_is_that_of_the_command_line() -> None:
    before = surroundings()
    run = rlbench.run("es", seed=3, **ES)
    assert surroundings() == before
    asked = compose(
        ["seed=3", "budget.env_steps=400", "eval.episodes=2", "eval.confirmation_episodes=2",
         "cores=1", "agent.population=8", "agent.hidden=[8]"]
    )  # fmt: skip
    assert run.directory == name_run(asked).directory
    assert (run.agent, run.env, run.seed, run.status) == ("es", "CartPole-v1", 3, "budget")
    summary = json.loads((run.directory / "summary.json").read_text())
    assert summary["env_steps"] == run.end.env_steps == run.evaluations.env_steps[-1]
    assert run.summary.startswith("budget used up after 0.")
    assert repr(run) == f"<Run es CartPole-v1 seed 3: {run.summary}>"
    first = json.loads((run.directory / "log.jsonl").read_text().splitlines()[0])
    assert first["startup_s"] > 0.1  # that of a process: imports count


def test_in_this_process_it_learns_the_same_and_gives_back_what_it_took() -> None:
    before = surroundings()
    here = rlbench.run(in_process=True, results_dir="here", **ES)
    assert surroundings() == before
    fresh = rlbench.run(results_dir="fresh", **ES)
    assert np.array_equal(here.evaluations.return_mean, fresh.evaluations.return_mean)
    assert here.directory != fresh.directory and len(here.evaluations) > 1


def test_a_finished_run_is_read_and_a_larger_budget_goes_on() -> None:
    first = rlbench.run("random", in_process=True, **SMALL)
    written = (first.directory / "log.jsonl").read_bytes()
    again = rlbench.run("random", in_process=True, **SMALL)
    assert again.directory == first.directory
    assert (first.directory / "log.jsonl").read_bytes() == written
    longer = rlbench.run("random", **{**SMALL, "budget.env_steps": 800})
    assert longer.directory == first.directory and longer.attempts == 2
    assert longer.end.env_steps >= 800


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"agent": "ess"},
            "agent: got 'ess'; takes dqn, es, evosax, evotorch, random, sb3 or sbx; did you mean "
            "es?",
        ),
        ({"agent.sigma": -1}, "agent.sigma: got -1; takes a number above 0"),
        ({"budget": {"train_secs": 1}}, "budget.train_secs: there is no such key"),
        ({"env": "CartPol-v1"}, "did you mean CartPole-v1?"),
        ({"seed": [1, 2]}, "seed: got [1, 2]; takes one value; `rlbench.sweep` takes several"),
        ({"agent": ["es", "dqn"]}, "agent: got ['es', 'dqn']; takes one value; `rlbench.sweep`"),
        ({"config_dir": "nowhere"}, "config_dir: got 'nowhere'; takes a folder of YAML files"),
        ({"cores": object()}, "takes text, a number, true or false, None, a path"),
        ({"dry_run": True}, "dry_run: got true; takes false from Python"),
    ],
)
def test_what_is_not_taken_is_refused_before_anything_starts(
    overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(rlbench.ConfigError) as caught:
        rlbench.run(**{"progress": False, **overrides})
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert files() == []


@pytest.mark.parametrize("in_process", [False, True])
def test_a_run_that_fails_is_one_line(in_process: bool) -> None:
    before = surroundings()
    with pytest.raises(rlbench.RunError) as caught:
        rlbench.run("random", in_process=in_process, **{**SMALL, **FAULTY})
    assert "the gears are stuck" in str(caught.value) and "\n" not in str(caught.value)
    assert surroundings() == before


@pytest.mark.parametrize("in_process", [False, True])
def test_ctrl_c_writes_a_checkpoint_from_which_the_same_call_goes_on(in_process: bool) -> None:
    program = (
        "import rlbench\n"
        "try:\n"
        f"    rlbench.run('random', 'probe_envs:Endless-v0', in_process={in_process}, cores=1,\n"
        "        **{'budget.train_seconds': 300, 'eval.episodes': 1,\n"
        "           'eval.max_episode_steps': 20})\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("random probe_envs:Endless-v0 seed 0 | 0 steps")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted: " in out and out.splitlines()[-1] == "stopped"
    (run,) = rlbench.load_runs()
    assert run.status == "interrupted"
    assert checkpoint.load(run.directory / "checkpoint") is not None


def test_progress_is_shown_line_by_line_where_there_is_no_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Seconds long: what a shorter run prints at once is shown as its last line only.
    rlbench.run("random", **{**SMALL, "budget.env_steps": 60_000, "progress": True})
    *lines, last = capfd.readouterr().out.splitlines()
    assert lines and all(line.startswith("random CartPole-v1 seed 0 | ") for line in lines)
    assert last.startswith("budget: ")
    rlbench.run("random", seed=1, **SMALL)
    assert capfd.readouterr().out == ""


def test_a_sweep_returns_its_own_runs_in_the_order_asked_for() -> None:
    rlbench.run("random", seed=9, in_process=True, **SMALL)
    before = surroundings()
    runs = rlbench.sweep(agent=["random", "es"], seed=[1, 0], jobs=1, **SMALL)
    assert surroundings() == before
    found = [(run.agent, run.seed, run.status) for run in runs]
    assert found == [
        ("random", 1, "budget"), ("random", 0, "budget"), ("es", 1, "budget"), ("es", 0, "budget"),
    ]  # fmt: skip
    assert len(rlbench.load_runs()) == 5
    assert runs.directory == Path("results/runs") and runs.problems == ()
    assert (runs.directory / runs[0].path).samefile(runs[0].directory)


def test_a_comparison_has_an_answer() -> None:
    runs = rlbench.compare(agents=["random", "es"], seeds=1, **SMALL)
    assert {run.agent for run in runs} == {"random", "es"}
    assert runs.answer.startswith("CartPole-v1 (solved at 475)")


def test_a_comparison_takes_the_words_of_the_command_line() -> None:
    runs = rlbench.compare(agents="random", seeds=[3, 5], **SMALL)
    assert sorted(run.seed for run in runs) == [3, 5]
    assert [run.seed for run in rlbench.compare(agents="random", seeds=1, **SMALL)] == [0]
    report = runs.report()
    assert report.runs == 2
    assert report.problems[0].startswith("1 more run is here, of other settings or seeds")
    for key, value, word in (("agent", "es", "agents"), ("seed", [0], "seeds")):
        message = f"{key}: got .*; takes no value in compare; {word} is its word"
        with pytest.raises(rlbench.ConfigError, match=message):
            rlbench.compare(**{key: value}, **SMALL)
    with pytest.raises(rlbench.ConfigError, match="seeds: got 0; takes a whole number from 1 up"):
        rlbench.compare(seeds=0, **SMALL)


def test_a_baseline_that_is_not_there_is_refused_before_anything_starts() -> None:
    with pytest.raises(rlbench.ConfigError, match="baseline: got 'foo'; takes dqn, es"):
        rlbench.compare(baseline="foo", **SMALL)
    with pytest.raises(rlbench.ConfigError, match=r"baseline: got 'random'; .*no contender"):
        rlbench.compare(agents=["random", "es"], baseline="random", **SMALL)
    assert files() == []
    Path("runs").mkdir()
    with pytest.raises(rlbench.ConfigError, match="baseline: got 'foo'; takes"):
        rlbench.load_runs("runs", baseline="foo")


def test_a_folder_of_yaml_files_serves_runs_sweeps_and_agents() -> None:
    Path("mine/agent").mkdir(parents=True)
    Path("mine/agent/own.yaml").write_text(
        "{name: own, _target_: rlbench.agents.random.RandomAgent, num_lanes: 2}"
    )
    runs = rlbench.sweep("own", seed=[0], config_dir="mine", **SMALL)
    run = rlbench.run("own", config_dir=Path("mine"), **SMALL)
    assert run.directory == runs[0].directory and run.agent == "own"
    assert run.argv[-2:] == ("--config-dir", str(Path("mine").resolve()))
    with rlbench.make_agent("own", config_dir="mine") as agent:
        agent.advance(10)
        assert 10 <= agent.counts.env_steps < 14
    with pytest.raises(rlbench.ConfigError, match="num_lane: there is no such key for own"):
        rlbench.run("own", config_dir="mine", **{"agent.num_lane": 1})


def test_a_policy_of_another_environment_is_refused() -> None:
    with rlbench.make_agent("es", "CartPole-v1") as agent:
        cartpole = agent.policy()
    message = "policy: got 'one that takes 4 numbers'; takes a policy for Acrobot-v1, which "
    with pytest.raises(rlbench.ConfigError, match=f"{message}observes 6 numbers"):
        rlbench.evaluate(cartpole, "Acrobot-v1")
    with rlbench.make_agent("random", "Pendulum-v1") as agent:
        torque = agent.policy()
    with pytest.raises(rlbench.ConfigError, match="takes a policy for CartPole-v1: actions with"):
        rlbench.evaluate(torque, "CartPole-v1")


def test_a_failed_job_is_an_error_when_the_others_have_ended() -> None:
    faulty = {**FAULTY, "env.kwargs": {"fault": "raise", "after": [5, 10**9]}}
    with pytest.raises(rlbench.RunError, match=r"1 of 2 jobs failed: .*after=5: .*are stuck"):
        rlbench.sweep(agent="random", **{**SMALL, **faulty})
    (done,) = (run for run in rlbench.load_runs() if run.status == "budget")
    assert done.end.env_steps >= 400


def test_a_sweep_refuses_all_where_one_job_is_bad() -> None:
    with pytest.raises(rlbench.ConfigError, match=r"agent\.sigma: got -1"):
        rlbench.sweep(agent="es", **{**SMALL, "agent.sigma": [0.1, -1]})
    with pytest.raises(rlbench.ConfigError, match=r"seed: got \[\]; takes at least one value"):
        rlbench.sweep(seed=[], **SMALL)
    assert files() == []


def test_a_made_agent_learns_what_the_run_learns() -> None:
    run = rlbench.run("es", seed=5, **ES)
    saved = checkpoint.load(run.directory / "checkpoint")
    assert saved is not None
    options = {key: value for key, value in ES.items() if key.startswith("agent")}
    with rlbench.make_agent("es", "CartPole-v1", seed=5, cores=1, **options) as agent:
        while agent.counts.env_steps < run.end.env_steps:
            agent.advance(1)
        assert agent.counts.env_steps == run.end.env_steps
        assert_same(agent.get_state(), saved["agent"])
        rng = np.random.default_rng(0)
        obs = rng.normal(size=(5, 4)).astype(np.float32)
        saved_policy = rlbench.load_policy(run)
        assert np.array_equal(agent.policy().act(obs, rng), saved_policy.act(obs, rng))


@pytest.mark.parametrize("agent", ["es", "random"])
def test_an_evaluation_is_the_judge_s(agent: str) -> None:
    options = ES if agent == "es" else SMALL
    run = rlbench.run(agent, seed=7, **options)
    for source in (run, run.directory, str(run.directory / "policy.npz")):
        found = rlbench.evaluate(rlbench.load_policy(source), run.env, episodes=2, seed=7)
        assert found.return_mean == run.evaluations.return_mean[-1]
    with pytest.raises(rlbench.ConfigError, match="episodes: got 0; takes a whole number"):
        rlbench.evaluate(rlbench.load_policy(run), episodes=0)


def test_a_policy_of_another_class_is_read_by_its_own_function() -> None:
    np.savez("own.npz", architecture=np.array("{}"), weights=np.arange(3))
    policy = rlbench.load_policy("own.npz", lambda arrays: arrays["weights"].sum())
    assert policy == 3
    with pytest.raises(rlbench.RunError, match=r"own.npz: .* class .*from_arrays"):
        rlbench.load_policy("own.npz")
    with pytest.raises(rlbench.RunError, match=r"^gone: there is no run and no policy"):
        rlbench.load_policy("gone")


def test_what_is_no_policy_is_named() -> None:
    with pytest.raises(rlbench.RunError, match=r"nothing/policy.npz: no policy that rlbench can"):
        Path("nothing").mkdir()
        rlbench.load_policy("nothing")
    np.savez("other.npz", architecture=np.array('{"network": {"kind": "uniform"}}'))
    with pytest.raises(rlbench.RunError, match=r"other.npz: .*KeyError: 'action'"):
        rlbench.load_policy("other.npz")
