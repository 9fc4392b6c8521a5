"""Which trials count, and which are tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Space
from rlbench.config.words import as_text
from rlbench.errors import HeldError
from rlbench.harness.plan import name_run
from rlbench.runs.directory import RunDir
from rlbench.tuning.question import Asked, pose

optuna = pytest.importorskip("optuna", reason="rlbench[tune] is not installed")

AS_IT_IS = as_text(compose(["agent=es", "env=CartPole-v1"]).agent.params["sigma"])
SPACE: Space = {"agent.sigma": Choice((AS_IT_IS, "0.2"))}


def test_a_trial_whose_run_another_process_has_is_tried_again(tmp_path: Path) -> None:
    """The jobs of a search that was killed write their checkpoints before they end."""
    from rlbench.tuning.search import Search

    asked = Asked("CartPole-v1", ("cores=1", "budget.env_steps=99"), (1000,), tmp_path, trials=2)
    question = pose("es", asked, SPACE, None)
    question.runs.mkdir(parents=True)
    run = name_run(compose(question.words_of_run({"agent.sigma": AS_IT_IS}, 1000)))
    held = RunDir(run.directory, question.runs)
    held.open(overwrite=False)
    try:
        with pytest.raises(HeldError, match="1 of 1 jobs run in another process; wait"):
            Search(question, print).step()
    finally:
        held.close()
    search = Search(question, print)
    assert search.study.over == []
    assert search.study.ask().chosen == {"agent.sigma": AS_IT_IS}
