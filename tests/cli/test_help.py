"""`rlbench help` and `--help`: every key is explained, and one can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rlbench.cli.help import JOBS
from rlbench.cli.main import main
from rlbench.cli.overview import SUBCOMMANDS
from rlbench.config.compose import compose
from rlbench.config.folders import conf_dir, search_folders
from rlbench.config.key_docs import headline, keys_of_agent, keys_of_runs

AGENTS = sorted(path.stem for path in (conf_dir() / "agent").glob("*.yaml"))
FOLDERS = search_folders()
DOCS = [
    *keys_of_runs(FOLDERS),
    *(d for a in AGENTS for d in keys_of_agent(a, FOLDERS)),
]


def leaves(node: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in node.items():
        inner = isinstance(value, dict) and value
        found |= leaves(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}  # type: ignore[arg-type]
    return found


def test_every_key_is_explained_on_its_own() -> None:
    assert len(DOCS) > 100
    assert [doc for doc in DOCS if len(doc.comment) <= 4] == []
    assert [doc for doc in DOCS if "..." in doc.comment] == []  # goes on at the next key


def test_auto_and_null_are_explained_where_they_are_the_default() -> None:
    asked = [doc for doc in DOCS if doc.default in ("auto", "null")]
    assert asked and [doc for doc in asked if f"{doc.default}:" not in doc.comment] == []


def test_the_keys_and_their_defaults_are_those_of_the_files() -> None:
    whole = yaml.safe_load((conf_dir() / "config.yaml").read_text())
    expected = leaves({k: v for k, v in whole.items() if k not in ("defaults", "hydra")})
    docs = keys_of_runs(FOLDERS)
    assert {d.key: yaml.safe_load(d.default) for d in docs if d.default} == expected
    for agent in AGENTS:
        values = yaml.safe_load((conf_dir() / "agent" / f"{agent}.yaml").read_text())
        own = {d.key: yaml.safe_load(str(d.default)) for d in keys_of_agent(agent, FOLDERS)}
        names = ("name", "_target_")
        assert own == {f"agent.{k}": v for k, v in values.items() if k not in names}


def test_comments_may_go_on_below_and_start_a_group(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "# not of a key\ngroup:      # about all\n  one: '#1'  # first\n"
        "             # and second\n  # of nothing\n\nalone: [1, 2]\n"
    )
    group, one, alone = keys_of_runs([tmp_path])
    assert (group.key, group.default, group.comment) == ("group", None, "about all")
    assert (one.key, one.default, one.comment) == ("group.one", "'#1'", "first and second")
    assert (alone.key, alone.default, alone.comment) == ("alone", "[1, 2]", "")


def test_a_headline_is_one_sentence_without_what_is_in_brackets() -> None:
    assert headline("agent", "es", FOLDERS) == ("Evolution strategies after Salimans et al. 2017")
    assert headline("agent", "absent", FOLDERS) == ""


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["help", *words]) == 0
    return capsys.readouterr().out


def test_one_key(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agent=es", "env=LunarLander-v3"]
    tuned = compose(words).agent.params["pair_shares_episodes"]
    out = asked(capsys, "agent.pair_shares_episodes", *words)
    assert out.splitlines() == [
        "agent.pair_shares_episodes   of agent=es",
        "  true: both members of a mirrored pair play the same episode seeds",
        "  default  false",
        f"  value    {str(tuned).lower()}   with agent=es env=LunarLander-v3",
        f"  from     {conf_dir() / 'agent' / 'es.yaml'}",
    ]


def test_the_last_part_of_a_key_and_a_group_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    both = asked(capsys, "learning_rate")
    assert "agent.learning_rate   of agent=dqn" in both
    assert "agent.learning_rate   of agent=es" in both
    assert asked(capsys, "budget").count("default") == 2
    assert JOBS.comment.split(";")[0] in asked(capsys, "jobs")


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("agent.sigm", "agent.sigma"),
        ("sigm", "agent.sigma"),
        ("budget.train_second", "budget.train_seconds"),
        ("zzz", "lists the keys"),
    ],
)
def test_an_unknown_key_names_the_nearest(
    key: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", key]) == 2
    assert capsys.readouterr().err.startswith(f"rlbench: help {key}: there is no such key; ")
    assert main(["help", key]) == 2
    assert near in capsys.readouterr().err


def test_without_a_word_there_is_an_overview_and_nothing_is_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out == asked(capsys)
    assert out.splitlines()[2:4] == [
        "First steps",
        "  rlbench agent=es env=CartPole-v1       one run, some seconds; how it ended",
    ]
    assert all(f"rlbench {command}" in out for command in SUBCOMMANDS)
    assert max(map(len, out.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


def test_help_shows_what_a_run_would_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-m", "agent=dqn,es", "env=CartPole-v1", "agent.n_step=9", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "agent.n_step=9 rewards before bootstrapping" in text
    assert "[default 1]" in text
    assert "agent.hidden=[64,64] units of each hidden layer" in text  # tuned for CartPole


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_the_help_of_a_command_ends_with_examples_each_on_a_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    title, *lines = capsys.readouterr().out.rpartition("\n\n")[2].splitlines()
    assert title in ("example:", "examples:")
    assert any(f"rlbench {command}" in line for line in lines)
    assert all(line.startswith("  ") for line in lines)


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_help_fits_the_terminal(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= max(80, int(columns))  # the list of commands has 80
