"""Runs that would not fit are refused before anything is allocated or written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.config.compose import compose
from rlbench.errors import ConfigError
from rlbench.harness.experiment import run
from rlbench.harness.memory import check_memory
from rlbench.harness.plan import plan_run

FREE_MB = 1000.0
TOO_LARGE = {  # the words, and the key that is blamed
    "agent.hidden=[1000000]": "agent.hidden",
    "agent.population=100000000000": "agent.population",
    "agent.population=100000000000 env=Acrobot-v1": "agent.population",
    "agent.episodes_per_member=100000000000": "agent.episodes_per_member",
    "agent.noise=lowrank agent.rank=100000000": "agent.rank",
    "agent.reference_frames=99999999999999 env=ALE/Pong-v5": "agent.reference_frames",
    "agent=dqn agent.hidden=[64,10000000]": "agent.hidden",
    "agent=dqn agent.replay_capacity_steps=100000000000": "agent.replay_capacity_steps",
    "agent=dqn agent.updates_per_train=100000000000": "agent.updates_per_train",
    "agent=random agent.num_lanes=100000000000": "agent.num_lanes",
    "agent=random env=Pendulum-v1 eval.episodes=1000000": "eval.episodes",
    "agent=random env=Pendulum-v1 eval.confirmation_episodes=1000000": "eval.confirmation_episodes",
}


@pytest.mark.parametrize("words", TOO_LARGE)
def test_what_does_not_fit_is_refused_and_what_would_fit_is_said(words: str) -> None:
    asked = words.split()
    with pytest.raises(ConfigError) as refused:
        check_memory(plan_run(compose([*asked, "cores=1"])), FREE_MB)
    key = TOO_LARGE[words]
    assert refused.value.key == key
    assert "1,000 MB are free" in refused.value.takes
    found = re.search(r"(?:at most|up to) (\d+) here", refused.value.takes)
    assert found is not None

    def with_largest(size: int) -> list[str]:
        value = f"[{','.join(str(min(n, size)) for n in _numbers(asked, key))}]"
        return [f"{key}={value if 'hidden' in key else size}" if _is(key, w) else w for w in asked]

    fits = int(found[1])
    check_memory(plan_run(compose([*with_largest(fits), "cores=1"])), FREE_MB)
    with pytest.raises(ConfigError):
        check_memory(plan_run(compose([*with_largest(fits + 2), "cores=1"])), FREE_MB)


def _is(key: str, word: str) -> bool:
    return word.startswith(f"{key}=")


def _numbers(words: list[str], key: str) -> list[int]:
    (value,) = (word.partition("=")[2] for word in words if _is(key, word))
    return [int(number) for number in value.strip("[]").split(",")]


def test_the_defaults_fit_in_little(tmp_path: Path) -> None:
    for words in (["agent=es"], ["agent=dqn"], ["agent=random"], ["env=ALE/Pong-v5"]):
        check_memory(plan_run(compose([*words, "cores=1"])), FREE_MB)


@pytest.mark.parametrize(
    "words",
    [
        "agent.population=100000000000000",
        "eval.episodes=100000000000",
        "budget.env_steps=1000000000000000000000000",
        "env=ALE/Pong-v5 +env.kwargs.frameskip=1000000000",
        "env=ALE/Pong-v5 +env.kwargs.frameskip=99999999999999999999999",
        "env=ALE/Pong-v5 env.max_episode_steps=1000000000",
    ],
)
def test_numbers_that_nothing_holds_are_one_line_and_nothing_is_written(
    words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and captured.err.startswith("rlbench: ")
    assert captured.out == "" and list(tmp_path.iterdir()) == []


def test_an_agent_that_refuses_when_it_is_built_leaves_nothing(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    (conf / "agent").mkdir(parents=True)
    (conf / "agent" / "refusing.yaml").write_text(
        "{name: refusing, _target_: probe_agents.Refusing, num_lanes: 3}"
    )
    results = tmp_path / "deep" / "results"
    words = ["agent=refusing", "env=probe_envs:Counting-v0", f"results_dir={results}"]
    with pytest.raises(
        ConfigError, match=r"refusing.yaml: agent.num_lanes: got 3; takes another number$"
    ):
        run(compose(words, conf))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf"]

    run_of_another = results / "refusing"
    run_of_another.mkdir(parents=True)
    with pytest.raises(ConfigError):
        run(compose(words, conf))
    assert list(results.rglob("*")) == [run_of_another]
