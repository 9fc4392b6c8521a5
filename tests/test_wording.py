"""File names and numbers for people."""

from __future__ import annotations

import pytest

from rlbench.reports.output import file_stems
from rlbench.runs.records import UNITS
from rlbench.wording import (
    UNIT_NAMES,
    agent_name,
    amount,
    count,
    distinct_names,
    factor,
    fitting_name,
    interval_text,
    shortened,
    significant,
)


@pytest.mark.parametrize(
    ("env", "stem"),
    [
        ("CartPole-v1", "CartPole-v1"),
        ("ALE/Pong-v5", "ALE__Pong-v5"),
        ("pkg:Foo-v0", "pkg_Foo-v0"),
        ("../../etc/passwd", "__..__etc__passwd"),
        ("..", "_"),
        ("<script>", "_script_"),
        ("a b\u00e9", "a_b_"),
    ],
)
def test_file_stems(env: str, stem: str) -> None:
    assert file_stems([env]) == {env: stem}


def test_stems_never_meet() -> None:
    stems = file_stems(["a:b", "a;b", "A_B", "x" * 200, "x" * 201])
    assert len({stem.lower() for stem in stems.values()}) == 5
    assert max(map(len, stems.values())) <= 87


def test_shortened_keeps_both_ends() -> None:
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghijk", 7) == "abc\u2026ijk"


def test_agent_names() -> None:
    assert [agent_name(n) for n in ("es", "dqn (cores=1)", "essence")] == [
        "ES", "DQN (cores=1)", "essence"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("sb3-PPO", "PPO (SB3)"),
        ("sb3-PPO (agent.num_lanes=2)", "PPO (SB3, agent.num_lanes=2)"),
        ("sb3-PPO [setup 0123abcd]", "PPO (SB3) [setup 0123abcd]"),
        ("sb3-PPO (cores=1) [setup 0123abcd]", "PPO (SB3, cores=1) [setup 0123abcd]"),
        ("my-agent", "my-agent"),
        ("sb3", "sb3"),
        ("evosax-CMA_ES", "CMA-ES (evosax)"),
        ("evotorch-SNES", "SNES (EvoTorch)"),
        ("sbx-PPO", "PPO (SBX)"),
        ("evosax-CMA_ES (agent.sigma=1)", "CMA-ES (evosax, agent.sigma=1)"),
    ],
)
def test_an_algorithm_is_named_before_its_library(label: str, name: str) -> None:
    assert agent_name(label) == name


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["es", "dqn"], ["ES", "DQN"]),
        (["es (cores=1)", "dqn"], ["ES", "DQN"]),
        (["es (noise=full)", "es (noise=lowrank)"], ["full", "lowrank"]),
        (["es", "es (lr=0.02)", "es (lr=0.05)"], ["ES", "lr=0.02", "lr=0.05"]),
        (["es (lr=0.02)", "es (lr=0.05)", "dqn"], ["0.02", "0.05", "DQN"]),
        (["evosax-CMA_ES", "sb3-PPO"], ["CMA-ES", "PPO (SB3)"]),
        (["evosax-CMA_ES", "evotorch-CMAES"], ["CMA-\u2026sax)", "CMAE\u2026rch)"]),
        (["evosax-xNES", "evotorch-XNES"], ["xNES\u2026sax)", "XNES\u2026rch)"]),
        (["evosax-CMA_ES", "a (x=CMA-ES)", "a (x=adam)"], ["CMA-ES 1", "CMA-ES 2", "adam"]),
        (["abcdefXYZghij", "abcdefUVWghij"], ["abc\u2026hij 1", "abc\u2026hij 2"]),
        (["es (activation=relu)", "es (activation=sigmoidally)"], ["relu", "sigm\u2026ally"]),
    ],
)
def test_distinct_names(labels: list[str], names: list[str]) -> None:
    assert distinct_names(labels, 9) == dict(zip(labels, names, strict=True))


@pytest.mark.parametrize(
    ("label", "length", "name"),
    [
        ("es", 4, "ES"),
        ("es (agent.sigma=0.1)", 20, "ES (agent.sigma=0.1)"),
        ("es (agent.sigma=0.1)", 19, "ES (sigma=0.1)"),
        ("es (agent.sigma=0.1)", 9, "ES (\u20260.1)"),
    ],
)
def test_fitting_name(label: str, length: int, name: str) -> None:
    assert fitting_name(label, length) == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.00012, "0.00012"),
        (0.0000959321, "0.0000959"),
        (0.5312, "0.531"),
        (31.42, "31.4"),
        (-110.0, "-110"),
        (1234.5, "1234"),
        (2.0, "2"),
    ],
)
def test_significant(value: float, shown: str) -> None:
    assert significant(value) == shown


def test_amounts() -> None:
    assert [count(v) for v in (950, 12_000, 1_500_000)] == ["950", "12k", "1.5M"]
    assert amount(0.934, "train_s") == "0.93 s"
    assert amount(31.42, "train_cpu_s") == "31.4 CPU-s"
    assert amount(12_000, "env_steps") == "12k steps"
    assert [factor(v) for v in (0.5312, 31.4, 240.0)] == ["0.53\u00d7", "31\u00d7", "240\u00d7"]


def test_a_ratio_is_never_rounded_onto_equally_fast() -> None:
    assert interval_text(0.59, 0.998) == "[0.59, 0.998]"
    assert interval_text(1.0004, 1.0) == "[1.0004, 1]"
    assert factor(1.04) == "1.04\u00d7"
    assert factor(1.2) == "1.2\u00d7"


def test_every_unit_has_its_names() -> None:
    assert set(UNIT_NAMES) == set(UNITS)
    assert UNIT_NAMES["train_cpu_s"].short == "CPU time"
    assert [amount(2.0, unit) for unit in UNITS] == ["2 s", "2 core-s", "2 CPU-s", "2 steps", "2 s"]
