"""Settings from Python are the words of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from rlbench.config.words import words, words_of_jobs
from rlbench.errors import ConfigError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_hydra_reads_back_what_was_given(value: object) -> None:
    (word,) = words({"key": value})
    assert OverridesParser.create().parse_override(word).value() == value


def test_dots_and_mappings_mean_the_same() -> None:
    assert words({"budget": {"train_seconds": 60.5, "env_steps": None}, "agent": "es"}) == [
        "budget.train_seconds=60.5", "budget.env_steps=null", "agent=es",
    ]  # fmt: skip
    assert words({"agent.hidden": (64, np.int64(32)), "env": "ALE/Pong-v5"}) == [
        "agent.hidden=[64,32]", "env=ALE/Pong-v5",
    ]  # fmt: skip
    assert words({"env.kwargs": {"gravity": 9}}) == ["++env.kwargs.gravity=9"]
    assert words({"results_dir": Path("a b")}) == ["results_dir='a b'"]


def test_jobs_are_all_combinations() -> None:
    assert words_of_jobs({"agent": ["es", "dqn"], "seed": range(2), "agent.hidden": [[64]]}) == [
        ["agent=es", "seed=0", "agent.hidden=[64]"],
        ["agent=es", "seed=1", "agent.hidden=[64]"],
        ["agent=dqn", "seed=0", "agent.hidden=[64]"],
        ["agent=dqn", "seed=1", "agent.hidden=[64]"],
    ]


def test_a_value_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cores: got \{1\}; takes text, a number, true or false"):
        words({"cores": {1}})
    with pytest.raises(ConfigError, match=r"seed: got \(\); takes at least one value"):
        words_of_jobs({"seed": ()})
