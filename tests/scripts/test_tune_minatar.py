"""`scripts/tune_minatar` asks for as much of both agents, and takes what is best."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Interval, read_spaces
from rlbench.config.words import as_text
from tune_minatar import (
    GAMES,
    SPACES,
    as_they_are,
    drawn,
    effort_s,
    file_of,
    ranked,
    rounds_of,
    scores,
    words_of,
)


def test_the_first_setting_is_the_one_that_is_there_and_every_value_is_taken() -> None:
    spaces = read_spaces(SPACES)
    assert {agent: len(space) for agent, space in spaces.items()} == {"es": 5, "dqn": 5}
    for agent, space in spaces.items():
        first = as_they_are(agent, space)
        for key, dimension in space.items():
            value = first[key] if isinstance(dimension, Choice) else float(first[key])
            assert dimension.holds(value), key
        for end in (0, -1):
            typed = {key: dimension.ends[end] for key, dimension in space.items()}
            params = compose([*words_of(agent), *map("=".join, typed.items())]).agent.params
            assert {key: as_text(params[key.removeprefix("agent.")]) for key in typed} == typed


def test_settings_cover_each_dimension() -> None:
    space = {"a": Interval(1.0, 10_000.0, log=True), "b": Choice(("x", "y")), "c": Interval(0, 8)}
    found = drawn(space, 4)
    # The middles of four equal parts: 10^0.5, 10^1.5, ... of the logarithmic one.
    assert sorted(float(one["a"]) for one in found) == [3.162, 31.62, 316.2, 3162.0]
    assert sorted(one["b"] for one in found) == ["x", "x", "y", "y"]
    assert sorted(float(one["c"]) for one in found) == [1.0, 3.0, 5.0, 7.0]
    assert drawn(space, 4) == found


def test_a_score_is_the_mean_share_of_the_best_return_of_each_game() -> None:
    returns = [[2.0, 5.0, 0.0], [4.0, 1.0, 0.0], [4.0, 5.0, 0.0]]
    assert scores(returns) == pytest.approx([1.5 / 3, 1.2 / 3, 2 / 3])
    assert ranked(returns) == [2, 0, 1]


def test_both_agents_get_the_same_but_for_their_settings() -> None:
    _, long = rounds_of(60, ("overwrite=shared",))
    es, dqn = (long.words(agent, {}, GAMES[1], Path("runs")) for agent in ("es", "dqn"))
    assert es[1:] == dqn[1:] == (
        "env=MinAtar/Breakout-v1", "seed=1001", "cores=1", "budget.train_seconds=240",
        "results_dir=runs", "overwrite=shared",
    )  # fmt: skip
    assert effort_s(12, 60) == 3 * (12 * 60 + 4 * 240)


def test_the_file_keeps_what_was_not_searched() -> None:
    text = file_of("dqn", {"agent.n_step": "3", "agent.learning_rate": "3e-05"}, ["Found here."])
    assert text.startswith("# @package _global_\n# Found here.\n")
    found = yaml.safe_load(text)["agent"]
    assert found.pop("n_step") == 3 and found.pop("learning_rate") == 3e-05
    before = compose(words_of("dqn")).agent.params
    assert len(found) > 5 and found == {key: before[key] for key in found}
