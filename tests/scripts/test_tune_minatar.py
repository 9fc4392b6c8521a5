"""`scripts/tune_minatar` asks for what both agents take, and for as much of each."""

from __future__ import annotations

from pathlib import Path

from rlbench.tuning.question import Asked, pose

SPACES = Path(__file__).parents[2] / "scripts" / "tune_minatar.yaml"


def test_what_is_varied_is_taken_and_is_as_much_for_both_agents(tmp_path: Path) -> None:
    words = ("cores=1", "budget.train_seconds=600")
    asked = Asked("MinAtar/Breakout-v1", words, (1000, 1001), tmp_path, 20, effort_s=14_400)
    es, dqn = (pose(agent, asked, {}, SPACES) for agent in ("es", "dqn"))
    assert len(es.space) == len(dqn.space) == 8
    assert es.objective == dqn.objective == "final_return"
    # The first trial has the settings as they are: all of these are within what is varied.
    for question in (es, dqn):
        assert set(question.as_it_is()) == set(question.space)
