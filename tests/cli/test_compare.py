"""`rlbench compare`: from the words to the answer."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from rlbench.cli.compare import compares_nothing, main
from rlbench.errors import ConfigError
from support.terminal import on_a_terminal

Rlbench = Callable[..., CompletedProcess[str]]
SMALL = ("budget.env_steps=200", "eval.episodes=1", "cores=1", "executor=serial")


def test_it_runs_the_sweep_draws_the_report_and_goes_on(here: Rlbench, tmp_path: Path) -> None:
    words = ("compare", "env=CartPole-v1", "agents=es,random", *SMALL)
    first = here(*words, "seeds=1", "dry_run=0")
    assert first.returncode == 0
    assert "2 jobs: 2 done\n" in first.stdout
    assert "CartPole-v1 (solved at 475)\n  ES: 1 seed, none solved it" in first.stdout
    page = tmp_path / "results" / "compare" / "report" / "index.html"
    said = f"the report: open {page.relative_to(tmp_path)} in a browser\n"
    assert first.stdout.endswith(said)
    assert first.stdout.count("report") == said.count("report")  # where it is, said once
    assert page.is_file()
    again = here(*words, "seeds=2", "--out", "elsewhere", "--baseline", "es")
    assert "4 jobs: 2 done, 2 done before\n" in again.stdout
    assert (tmp_path / "elsewhere" / "index.html").is_file()


def test_it_answers_about_the_runs_that_it_asks_for(here: Rlbench, tmp_path: Path) -> None:
    words = ("compare", "env=CartPole-v1", "agents=es", *SMALL)
    assert here(*words, "seeds=2").returncode == 0
    other = here(*words, "seeds=1", "env.threshold=100")
    assert "CartPole-v1 (solved at 100)\n  ES: 1 seed" in other.stdout
    left_out = "note: 2 more runs are here, of other settings or seeds: not in this report\n"
    assert left_out in other.stderr
    rows = (tmp_path / "results/compare/report/runs.csv").read_text().splitlines()
    assert len(rows) == 1 + 1  # a line of names
    both = here(*words, "seeds=1", "env.threshold=100,475")
    assert "CartPole-v1 (solved at 100 or 475)\n" in both.stdout
    assert "note: 1 more run is here" in both.stderr


def test_a_run_that_fails_does_not_hide_the_others(here: Rlbench, tmp_path: Path) -> None:
    words = ("compare", "env=CartPole-v1", "agents=es", "agent.sigma=0.1,-1", "seeds=1", *SMALL)
    result = here(*words)
    assert result.returncode == 1
    assert result.stderr.endswith("rlbench: 1 of 2 jobs failed\n")
    assert (tmp_path / "results" / "compare" / "report" / "index.html").is_file()


def test_a_dry_run_writes_nothing(rlbench: Rlbench, tmp_path: Path) -> None:
    result = rlbench("compare", "env=CartPole-v1", "agents=random", "seeds=3", "dry_run=quick")
    assert (result.returncode, result.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "env: got ''; takes a Gymnasium id"),
        (["CartPole-v1"], "compare: got 'CartPole-v1'; takes KEY=VALUE words"),
        (["env=CartPole-v1", "seeds=0"], "seeds: got '0'; takes a number from 1 to 1000"),
        (
            ["env=CartPole-v1", "seeds=1,x"],
            "seeds: got '1,x'; takes a number from 1 to 1000, or the seeds themselves, as 3,7,11",
        ),
        (["env=CartPole-v1", "seeds=" + "9" * 5000], "takes a number from 1 to 1000"),
        (["env=CartPole-v1", "seed=7"], "seed: got '7'; takes no value in compare; seeds=7 is"),
        (["env=CartPole-v1", "agent=dqn"], "agent: got 'dqn'; takes no value in compare; agents="),
        (["env=CartPole-v1", "--baseline", "ppo"], "baseline: got 'ppo'; takes dqn, es"),
        (["env=CartPole-v1", "env=Acrobot-v1"], "env: got 'Acrobot-v1'; takes one value"),
        (["env=CliffWalking-v1"], "env.threshold: got 'auto'; takes a number: CliffWalking-v1 has"),
        (["env=CartPole-v1,Nope-v0", "agents=es"], "env: got 'Nope-v0'"),
        (["env=CartPole-v1", "agents=es,ess"], "^agents: got 'ess'; takes"),
        (["env=CartPole-v1", "agents=ess"], "^agents: got 'ess'; takes .*did you mean es"),
        (["env=CartPole-v1", "agents=es,"], "^agents: got ''; takes a name"),
        (["env=CartPole-v1", "agents=es,dqn,es"], "^agents: got 'es,dqn,es'; .* es is there twice"),
        (["env=CartPole-v1,CartPole-v1"], "^env: .* CartPole-v1 is there twice"),
        (["env=CartPole-v1", "seeds=1,2,01"], "^seeds: got '1,2,1'; .* 1 is there twice"),
        (["env=CartPole-v1", "agents=es,sb3:FOO"], "agent.algorithm: got 'FOO'; takes A2C"),
    ],
)
def test_words_that_are_not_taken(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        main(words)
    assert list(tmp_path.iterdir()) == []


def test_one_agent_is_a_comparison_where_its_variants_are_asked_for() -> None:
    assert compares_nothing({"agents": "es"}) and compares_nothing({"agents": "es", "seeds": "1,2"})
    assert not compares_nothing({"agents": "es,dqn"}) and not compares_nothing({})
    assert not compares_nothing({"agents": "es", "agent.sigma": "0.1,0.2"})
    assert compares_nothing({"agents": "es", "agent.hidden": "[64,64]"})
    assert not compares_nothing({"agents": "es", "agent.hidden": "[64,64],[32]"})


@pytest.mark.parametrize(
    ("words", "torch", "message"),
    [
        (["agents=es,sb3:PPO"], None, "agents: got 'sb3'; takes torch, not installed here: pip"),
        (["agents=es,sb3:SAC"], pytest, "agent.algorithm: got 'SAC'; .*takes one of several"),
    ],
)
def test_an_agent_that_cannot_be_used_is_refused_before_others_train(
    words: list[str], torch: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", pytest)
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        main(["env=CartPole-v1", *words])


def test_on_a_terminal_the_table_says_what_each_job_came_to(tmp_path: Path) -> None:
    shown = on_a_terminal(
        tmp_path, "compare", "env=CartPole-v1", "agents=es,random", "seeds=2",
        "budget.env_steps=20000", "results_dir=runs", "cores=1", "env.threshold=50",
        "eval.episodes=5", "eval.confirmation_episodes=5",
    )  # fmt: skip
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    first, last = plain[: len(plain) // 4], plain[plain.rindex("4 of 4 jobs") :]
    assert re.search(r"0 of 4 jobs, up to \d+:\d\d left", first)
    es = re.findall(r"^es +(\d) +solved(?: \(shared\))? +([\d.]+) s +([\d.]+)", last, re.MULTILINE)
    assert [seed for seed, _, _ in es] == ["0", "1"]
    assert all(float(returned) >= 50 for _, _, returned in es)
    random = r"^random +\d +budget(?: \(shared\))? +[\d.]+ s +\d+\.\d"
    assert len(re.findall(random, last, re.MULTILINE)) == 2
    lines = [line for line in last.splitlines() if "/" not in line]
    assert max(map(len, lines)) <= 80


def test_on_a_terminal_the_plan_of_a_sweep_cuts_nothing(tmp_path: Path) -> None:
    words = ("env=CartPole-v1,MountainCarContinuous-v0", "agents=es,random", "dry_run=quick")
    shown = on_a_terminal(tmp_path, "compare", *words).splitlines()
    head = "agent   environment               jobs  steps/s  time each  core-hours  memory"
    assert shown[0] == head  # without the cores, for which there is no room
    assert max(map(len, shown)) <= 80
