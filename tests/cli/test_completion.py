"""What Tab gives: the candidates, and the scripts in real shells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench.cli.completion import SHELLS, candidates
from rlbench.cli.main import main
from rlbench.cli.overview import SUBCOMMANDS


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ([""], ["agent=", "env=", "compare ", "-m "]),
        (["rep"], ["report "]),
        (["agent=es", "agent.sig"], ["agent.sigma="]),
        (["agent=dqn", "agent.hu"], ["agent.huber_delta="]),
        (["budget.env"], ["budget.env_steps="]),
        (["agent="], ["agent=dqn", "agent=es", "agent=random"]),
        (["compare", "agents=es,d"], ["agents=es,dqn"]),
        (["env=CartPole-v1,Acro"], ["env=CartPole-v1,Acrobot-v1"]),
        (["env=ALE/Pong-"], ["env=ALE/Pong-v5"]),
        (["experiment=class"], ["experiment=classic"]),
        (["executor=pro"], ["executor=process"]),
        (["exec"], ["executor=", "executor.workers="]),
        (["stop_at_threshold="], ["stop_at_threshold=true", "stop_at_threshold=false"]),
        (["help", "budget.env"], ["budget.env_steps "]),
        (["completion", "b"], ["bash "]),
    ],
)
def test_what_may_follow(words: list[str], some: list[str]) -> None:
    found = candidates(words)
    assert set(some) <= set(found)
    assert all(candidate.startswith(words[-1]) for candidate in found)


@pytest.mark.parametrize("words", [["report", "res"], ["seed=1"], ["nothing.like"], ["env=No"]])
def test_where_nothing_is_known_the_shell_offers_files(words: list[str]) -> None:
    assert candidates(words) == []


def test_keys_of_the_chosen_agent_alone(tmp_path: Path) -> None:
    assert "agent.sigma=" not in candidates(["agent=dqn", "agent."])
    assert "agent.sigma=" in candidates(["agent."])


def test_an_agent_of_one_s_own_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "agent").mkdir(parents=True)
    (tmp_path / "conf" / "agent" / "mine.yaml").write_text("name: mine\n_target_: a.B\nspeed: 1\n")
    monkeypatch.chdir(tmp_path)
    assert candidates(["agent=m"]) == ["agent=mine"]
    assert candidates(["agent=mine", "agent."]) == ["agent.speed="]


def _pressed(shell: str, line: str, script: Path) -> list[str]:
    """What `shell` puts in for `line` with the cursor at its end."""
    ask = {
        "bash": f"source {script}; COMP_LINE='{line}' COMP_POINT={len(line)}; _rlbench; "
        'printf "%s\\n" "${COMPREPLY[@]}"',
        "fish": f"source {script}; complete -C '{line}'",
    }[shell]
    done = subprocess.run(
        [shell, "-c", ask], capture_output=True, text=True, timeout=60, check=True,
        cwd=script.parent,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(script.parent)},
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_in_a_shell(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell, path="/usr/bin:/bin") is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert _pressed(shell, "rlbench comp", script) == ["compare ", "completion "]
    agents = _pressed(shell, "rlbench -m agent=d", script)
    assert agents == (["dqn"] if shell == "bash" else ["agent=dqn"])
    assert "report " in _pressed(shell, "rlbench ", script)


def test_zsh_reads_its_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    assert main(["completion", "zsh"]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    ask = f"autoload -U compinit; compinit -u -D; source {script}; print $_comps[rlbench]"
    done = subprocess.run(
        ["zsh", "-f", "-c", ask], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["_rlbench"]


def test_bad_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-sc", "install=bash"]) == 2
    assert "rlbench completion bash" in capsys.readouterr().err
    assert set(SHELLS) == {"bash", "zsh", "fish"} and "completion" in SUBCOMMANDS
