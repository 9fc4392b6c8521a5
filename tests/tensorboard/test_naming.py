"""What runs are called: by what differs among them, safely, and no two alike."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rlbench.tensorboard.convert import convert
from rlbench.tensorboard.differences import of_one_type_each, settings_that_differ
from rlbench.tensorboard.naming import name_runs
from rlbench.tensorboard.session import Session
from support.run_files import RunFiles


def session(agent: str = "es", env: str = "CartPole-v1", **more: Any) -> Session:
    """A run, whose setup is its settings where none is given."""
    settings = {key.replace("__", "."): value for key, value in more.pop("settings", {}).items()}
    setup = more.pop("setup", str(sorted(settings.items())))
    return Session(agent, env, settings=settings, setup=setup, **more)


def names(*sessions: Session) -> list[str]:
    return [str(name) for name in name_runs(sessions)]


def test_only_what_differs_is_in_a_name() -> None:
    def es(seed: int, sigma: float) -> Session:
        settings = {"agent.sigma": sigma, "agent.hidden": "[64, 64]", "cores": 1.0}
        return session(seed=seed, settings=settings)

    dqn = session("dqn", seed=1, settings={"agent.sigma": 9.0, "cores": 2.0})
    other = session(env="ALE/Pong-v5", seed=1, settings={"agent.sigma": 0.5})
    assert names(es(1, 0.02), es(2, 0.02), es(1, 0.1), dqn, other) == [
        "CartPole-v1/es sigma=0.02/seed1",
        "CartPole-v1/es sigma=0.02/seed2",
        "CartPole-v1/es sigma=0.1/seed1",
        "CartPole-v1/dqn/seed1",
        "ALE__Pong-v5/es/seed1",
    ]


def test_values_are_written_as_on_the_command_line() -> None:
    one = {"agent.hidden": "[64, 64]", "agent.population": 64.0, "agent.noise": True,
           "agent.eps": 1e-8, "env.kwargs.x": 1e20}  # fmt: skip
    other = {"agent.hidden": "null", "agent.population": 128.0, "agent.noise": False}
    assert names(session(settings=one), session(settings=other | {"agent.eps": 1e-7})) == [
        "CartPole-v1/es hidden=64-64 population=64 noise=true eps=1e-08 env.kwargs.x=1e20/seed0",
        "CartPole-v1/es hidden=null population=128 noise=false eps=1e-07/seed0",
    ]


def test_a_condition_is_told_only_where_it_tells_more() -> None:
    def run(cores: float, workers: float, cpu: str) -> Session:
        return session(settings={"cores": cores, "workers": workers, "cpu": cpu}, setup=str(cores))

    assert names(run(1.0, 1.0, "A"), run(2.0, 2.0, "A")) == [
        "CartPole-v1/es cores=1/seed0", "CartPole-v1/es cores=2/seed0",
    ]  # fmt: skip
    assert names(run(1.0, 1.0, "A"), run(1.0, 1.0, "B (tm)")) == [
        "CartPole-v1/es cpu=A/seed0", "CartPole-v1/es cpu=B-tm-/seed0",
    ]  # fmt: skip


def test_the_same_setting_in_other_words_is_no_difference() -> None:
    def run(seed: int, threads: float | str, sigma: float) -> Session:
        settings = {"agent.threads": threads, "agent.sigma": sigma}
        return session(seed=seed, settings=settings, setup=str(sigma))

    assert names(run(0, "auto", 0.1), run(1, 1.0, 0.1), run(0, 1.0, 0.2)) == [
        "CartPole-v1/es sigma=0.1/seed0",
        "CartPole-v1/es sigma=0.1/seed1",
        "CartPole-v1/es sigma=0.2/seed0",
    ]


def test_runs_whose_names_would_be_alike_are_told_apart() -> None:
    unknown = [session(setup="aaaaaaaaaa"), session(setup="bbbbbbbbbb")]
    assert names(*unknown, unknown[0], unknown[0]) == [
        "CartPole-v1/es setup aaaaaaaa/seed0",
        "CartPole-v1/es setup bbbbbbbb/seed0",
        "CartPole-v1/es setup aaaaaaaa/seed0 copy 2",
        "CartPole-v1/es setup aaaaaaaa/seed0 copy 3",
    ]
    alike = names(session("ES"), session("es"))  # on a file system without capital letters
    assert alike == ["CartPole-v1/ES/seed0", "CartPole-v1/es/seed0 copy 2"]


def test_many_differences_are_cut_short() -> None:
    runs = [
        session(settings={f"agent.key{n}": float(n * k) for n in range(1, 40)}, setup=f"{k}" * 10)
        for k in (1, 2)
    ]
    one, other = (PurePath(name).parts[1] for name in names(*runs))
    assert one.startswith("es key1=1 key2=2 ") and one.endswith(" setup 11111111")
    assert len(one) <= 100 and one != other


@given(st.lists(st.builds(
    session, st.text(), st.text(), seed=st.integers(0, 3), setup=st.text(max_size=3),
    settings=st.dictionaries(
        st.sampled_from(["agent.a", "env.b", "cores"]), st.text() | st.floats() | st.booleans()
    ),
)))  # fmt: skip
def test_every_name_is_safe_and_no_two_are_one(sessions: list[Session]) -> None:
    found = names(*sessions)
    assert len({name.casefold() for name in found}) == len(sessions)
    for name in found:
        parts = name.split("/")
        assert len(parts) == 3
        assert all(re.fullmatch(r"[A-Za-z0-9_.= -]{1,255}", part) for part in parts)
        assert not any(part.startswith((".", " ")) for part in parts)


def test_the_columns_are_the_settings_that_differ() -> None:
    es = {"agent": "es", "env": "A", "seed": 0.0, "cores": 1.0, "agent.lr": 0.1, "agent.n": 5.0}
    dqn = {"agent": "dqn", "env": "A", "seed": 0.0, "cores": 1.0, "agent.lr": 0.2}
    assert list(settings_that_differ([es, dqn])) == ["agent", "env", "seed", "cores"]
    more = settings_that_differ([es, dqn, es | {"agent.lr": 0.3}, es | {"env.kwargs.x": 1.0}])
    assert {name: set(values) for name, values in more.items()} == {
        "agent": {"es", "dqn"}, "env": {"A"}, "seed": {0.0}, "cores": {1.0},
        "agent.lr": {0.1, 0.2, 0.3}, "env.kwargs.x": {1.0},
    }  # fmt: skip
    mixed = of_one_type_each([{"a": 3.0, "b": 1.0}, {"a": "auto", "b": 2.0}, {"a": True}])
    assert mixed == [{"a": "3", "b": 1.0}, {"a": "auto", "b": 2.0}, {"a": "true"}]


def folders(out: Path) -> list[str]:
    return sorted(str(file.parent.relative_to(out)) for file in out.rglob("events.*"))


def test_a_sweep_that_grew_is_not_shown_twice(tmp_path: Path) -> None:
    def run(sigma: float, root: str = "runs") -> None:
        setup = {"setup": f"{sigma}"}
        RunFiles(header=setup, configuration={"agent.sigma": sigma}).write(tmp_path / root)

    out = tmp_path / "out"
    run(0.02)
    assert convert(tmp_path / "runs", out) == 1
    assert folders(out) == ["CartPole-v1/es/seed0"]
    theirs = out / "CartPole-v1" / "es" / "notes.txt"
    theirs.write_text("mine")
    run(0.1)
    run(0.5, "elsewhere")
    assert convert(tmp_path / "runs", out) == 2
    assert folders(out) == ["CartPole-v1/es sigma=0.02/seed0", "CartPole-v1/es sigma=0.1/seed0"]
    assert theirs.read_text() == "mine" and not (theirs.parent / "seed0").exists()
    convert(tmp_path / "elsewhere", out)  # other runs stay
    assert len(folders(out)) == 3


def test_a_run_that_was_logged_gets_its_name_and_keeps_its_own_files(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    place = RunFiles().write(runs)
    assert convert(place) == 1
    (own,) = (place / "tensorboard").iterdir()
    assert convert(runs, runs) == 1  # its name is that of `own`'s run, in another folder
    assert own.stat().st_size > 0
    assert folders(runs) == ["CartPole-v1/es/seed0", str(own.parent.relative_to(runs))]
