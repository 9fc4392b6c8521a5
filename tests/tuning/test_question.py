"""What a search is asked: the space that suits, and what makes it another study."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rlbench.config.compose import compose
from rlbench.config.folders import conf_dir
from rlbench.config.spaces import Choice, Interval, Space
from rlbench.config.words import as_text
from rlbench.errors import ConfigError, RunError
from rlbench.tuning.question import Asked, Question, pose

SIGMA: Space = {"agent.sigma": Interval(0.01, 0.3)}
ASKED = Asked("CartPole-v1", ("cores=1",), (1000, 1001), Path("results/tune"), trials=20)


@pytest.fixture(scope="module")
def usual() -> Question:
    return pose("es", ASKED, {}, None)


def test_by_default_it_varies_what_rlbench_names_from_the_settings_as_they_are(
    usual: Question,
) -> None:
    assert usual.space["agent.sigma"] == Interval(0.02, 0.5, log=True)
    assert usual.space["agent.normalize_observations"] == Choice(("false", "true"))
    tuned = compose(["agent=es", "env=CartPole-v1"]).agent.params  # with conf/tuned
    es = yaml.safe_load((conf_dir() / "agent" / "es.yaml").read_text())
    there = usual.as_it_is()
    assert there["agent.sigma"] == tuned["sigma"] != es["sigma"]
    assert there["agent.learning_rate"] == tuned["learning_rate"]
    assert there["agent.hidden"] == as_text(tuned["hidden"])
    assert usual.objective == "time_to_threshold"
    assert usual.directory.parent == Path("results/tune/es/CartPole-v1")


def test_what_an_environment_does_not_take_is_left_out_by_default() -> None:
    frames = replace(ASKED, env="ALE/Pong-v5", words=("cores=1", "env.threshold=null"))
    found = pose("es", frames, {}, None)
    assert "agent.normalize_observations" not in found.space
    assert found.objective == "final_return"  # as there is no threshold


def test_a_word_with_one_value_is_not_varied() -> None:
    fixed = replace(ASKED, words=("cores=1", "agent.sigma=0.2"))
    assert "agent.sigma" not in pose("es", fixed, {}, None).space


def test_the_study_is_another_where_the_question_is(usual: Question) -> None:
    own = pose("es", ASKED, SIGMA, None)
    assert own.space == SIGMA
    others = [
        usual,
        pose("es", replace(ASKED, seeds=(1000, 1002)), SIGMA, None),
        pose("es", replace(ASKED, words=("cores=1", "agent.population=32")), SIGMA, None),
        pose("es", replace(ASKED, objective="final_return"), SIGMA, None),
    ]
    assert len({one.directory for one in (own, *others)}) == 5
    more = replace(ASKED, trials=99, effort_s=7.0, prune=False)
    assert pose("es", more, SIGMA, None).directory == own.directory


def test_on_final_return_runs_play_on_behind_the_threshold() -> None:
    found = pose("es", replace(ASKED, objective="final_return"), SIGMA, None)
    assert found.words_of_run({"agent.sigma": "0.2"}, 1000) == [
        "agent=es", "env=CartPole-v1", "cores=1", "stop_at_threshold=false", "agent.sigma=0.2",
        "seed=1000", f"results_dir='{found.runs}'" if " " in str(found.runs) else
        f"results_dir={found.runs}",
    ]  # fmt: skip


def test_an_argument_may_be_in_the_tuned_file_by_now(usual: Question) -> None:
    """A single plus sign would be refused then, and with it the command that goes on."""
    for key in ("+agent.kwargs.gamma", "++agent.kwargs.gamma"):
        assert "++agent.kwargs.gamma=0.91" in usual.words_of_run({key: "0.91"}, 1000)


def test_a_search_is_for_one_algorithm_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found for one must not be given to the others, so its name is in the file's."""
    for name in ("jax", "optax", "evosax"):  # as if they were there
        monkeypatch.setitem(sys.modules, name, pytest)
    named, alone = (pose(agent, ASKED, SIGMA, None) for agent in ("evosax:CMA_ES", "evosax"))
    assert named == alone
    assert alone.agent == "evosax:CMA_ES"


def test_a_search_ends_where_its_settings_become_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another search of the same agent and environment may end while this one goes on."""
    monkeypatch.chdir(tmp_path)
    question = pose("es", ASKED, SIGMA, None)
    file = Path("conf/tuned/es/CartPole-v1.yaml")
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\nagent: {sigma: 0.2}\n")
    question.check_base()  # what is varied may be another
    file.write_text("# @package _global_\nagent: {sigma: 0.2, hidden: [5]}\n")
    with pytest.raises(RunError, match="es: its settings are others than when the search began"):
        question.check_base()


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"agent.sigma": Interval(-1.0, 1.0)}, "agent.sigma: got -1.0; takes a number above 0"),
        ({"agent.sigmoid": Interval(0.0, 1.0)}, "agent.sigmoid: there is no such key for es"),
        ({**SIGMA, "agent.optimizer": Choice(("adam", "x"))}, "agent.optimizer: got 'x'"),
    ],
)
def test_a_value_that_is_not_taken_is_named_before_anything_runs(space: Space, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pose("es", ASKED, space, None)
    assert str(caught.value).startswith(said)
