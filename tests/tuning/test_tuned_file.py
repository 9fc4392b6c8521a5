"""What a search writes is all that its best trial had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rlbench.config.compose import compose
from rlbench.config.spaces import Choice, Space
from rlbench.tuning.outcome import Outcome
from rlbench.tuning.question import Asked, pose
from rlbench.tuning.tuned_file import write_tuned

OUT = Path("conf/tuned")
ASKED = Asked("Acrobot-v1", ("cores=1", "agent.hidden=[5]"), (1000,), Path("results"), trials=2)
POPULATION: Space = {"agent.population": Choice(("8", "16"))}
SIGMA: Space = {"agent.sigma": Choice(("0.25", "0.5"))}


def found(asked: Asked, space: Space, chosen: dict[str, str]) -> Path:
    """The file of a search whose best trial was given `chosen`."""
    outcome = Outcome((1.0,), (-90.0,), (1.0,))
    question = pose("es", asked, space, None)
    return write_tuned(
        question, OUT, chosen=chosen, outcome=outcome, number=1, trials=2, spent_s=3.0
    )


def test_what_words_fixed_and_what_an_earlier_search_found_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = found(ASKED, POPULATION, {"agent.population": "8"})
    assert yaml.safe_load(file.read_text()) == {"agent": {"hidden": [5], "population": 8}}
    assert "# Every run was given agent=es env=Acrobot-v1 cores=1 agent.hidden=[5].\n" in (
        file.read_text()
    )

    later = replace(ASKED, words=("cores=1", "agent.hidden=[7]"))
    assert found(later, SIGMA, {"agent.sigma": "0.25"}) == file
    values = {"hidden": [7], "population": 8, "sigma": 0.25}
    assert yaml.safe_load(file.read_text()) == {"agent": values}
    params = compose(["agent=es", "env=Acrobot-v1"]).agent.params
    assert {key: params[key] for key in values} == values
