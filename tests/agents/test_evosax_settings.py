"""What an algorithm of evosax is given and how it is named. None of it needs JAX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from rlbench.agents.evosax.agent import Evosax
from rlbench.agents.evosax.settings import EvosaxSettings
from rlbench.config.compose import compose
from rlbench.errors import ConfigError
from rlbench.harness.plan import load_agent, name_run, plan_run
from rlbench.interfaces import ActionSpec, EnvFacts

PACKAGES = ("jax", "optax", "evosax")
CHOICE = EnvFacts("One", (3,), ActionSpec("discrete", (2,)), 10)
FRAMES = EnvFacts("Frames", (4, 84, 84), ActionSpec("discrete", (2,)), 10)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all packages were there."""
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, pytest)


def test_one_way_to_choose_an_algorithm_is_as_good_as_the_other() -> None:
    ways = (["agent=evosax:SNES"], ["agent=evosax", "agent.algorithm=SNES"], ["agent=evosax-SNES"])
    names = [name_run(compose([*words, "env=CartPole-v1"])) for words in ways]
    assert names[0] == names[1] == names[2]
    assert names[0].directory.parts[-4] == "evosax-SNES"


def test_arguments_are_taken_from_the_command_line() -> None:
    words = ["agent=evosax:PGPE", "env=CartPole-v1", "+agent.kwargs.std_lr=0.3", "agent.hidden=[]"]
    settings = load_agent(compose(words))[1]
    assert isinstance(settings, EvosaxSettings)
    assert settings.kwargs == {"std_lr": 0.3} and settings.hidden == ()
    assert settings.identity(1) == {
        "algorithm": "PGPE", "kwargs": {"std_lr": 0.3}, "hidden": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"algorithm": "CMA_ES"}, None),
        ({"algorithm": "Open_ES"}, ("adam", 0.05)),
        ({"algorithm": "Open_ES", "learning_rate": 0.2}, ("adam", 0.2)),
        ({"algorithm": "PGPE", "optimizer": "clipup"}, ("clipup", 0.15)),
        ({"algorithm": "SNES"}, ("sgd", 1.0)),
        ({"algorithm": "SNES", "optimizer": "adam"}, ("adam", 0.05)),
        ({"algorithm": "ARS", "optimizer": "sgd", "learning_rate": 0.02}, ("sgd", 0.02)),
    ],
)
def test_the_optimizer(values: dict[str, Any], found: tuple[str, float] | None) -> None:
    assert EvosaxSettings(**values).chosen_optimizer == found


def test_algorithms_with_a_matrix_have_a_small_network_unless_another_is_asked_for() -> None:
    sizes = {
        name: EvosaxSettings(algorithm=name).network_for(CHOICE).shapes
        for name in ("CMA_ES", "xNES", "SNES")
    }
    small, large = ((3, 16), (16, 2)), ((3, 64), (64, 64), (64, 2))
    assert {name: tuple(shapes) for name, shapes in sizes.items()} == {
        "CMA_ES": small, "xNES": small, "SNES": large,
    }  # fmt: skip
    asked = EvosaxSettings(algorithm="CMA_ES", hidden=(5,)).network_for(CHOICE)
    assert tuple(asked.shapes) == ((3, 5), (5, 2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kwargs": {"c_st": 1.0}},
         "agent.kwargs.c_st: got 1.0; takes an argument of CMA_ES: c_1, c_c, c_mu, c_mean, c_std, "
         "d_std, std_max or std_min; did you mean c_std?"),
        ({"kwargs": {"c_std": "much"}}, "agent.kwargs.c_std: got 'much'; takes a number"),
        ({"kwargs": {"c_std": [1, 2]}}, "agent.kwargs.c_std: got [1, 2]; takes a number"),
        ({"algorithm": "ARS", "kwargs": {"fitness_shaping_fn": "ranks"}},
         "agent.kwargs.fitness_shaping_fn: got 'ranks'; takes centered_rank, identity, normalize "
         "or standardize"),
        ({"algorithm": "LS"},
         "agent.algorithm: got 'LS'; takes ARS, CMA_ES, CR_FM_NES, LM_MA_ES, MA_ES, Open_ES, PGPE, "
         "Rm_ES, SNES, Sep_CMA_ES, SimpleES or xNES"),
        ({"algorithm": "Open_ES", "kwargs": {"use_antithetic_sampling": 1}},
         "agent.kwargs.use_antithetic_sampling: got 1; takes true or false"),
        ({"algorithm": "PGPE", "population": 7},
         "agent.population: got 7; takes an even number with agent.algorithm=PGPE, whose members "
         "are pairs"),
        ({"learning_rate": 0.1},
         "agent.learning_rate: got 0.1; takes auto with agent.algorithm=CMA_ES, which has no "
         "optimizer"),
    ],
)  # fmt: skip
def test_what_is_not_taken(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        EvosaxSettings(**values)
    assert str(caught.value) == message


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("env", "values", "message"),
    [
        (FRAMES, {"normalize_observations": True},
         "agent.normalize_observations: got true; takes false: images are scaled, not normalised"),
        (CHOICE, {"algorithm": "LM_MA_ES", "hidden": ()},
         "agent.population: got 128; takes at most 16 with agent.algorithm=LM_MA_ES, twice as many "
         "as the parameters: beyond that evosax's paths are not finite"),
    ],
)  # fmt: skip
def test_what_does_not_suit_the_environment(
    env: EnvFacts, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Evosax.memory_mb(env, EvosaxSettings(**values), workers=1)
    assert str(caught.value) == message


@pytest.mark.usefixtures("installed")
def test_memory_is_that_of_the_population_and_of_a_matrix() -> None:
    lanes = 10 * CHOICE.lane_bytes / 2**20
    sizes = {
        name: Evosax.memory_mb(
            CHOICE, EvosaxSettings(algorithm=name, population=10, hidden=(200, 200)), workers=1
        )
        for name in ("CMA_ES", "SNES", "xNES")
    }
    n = 4 * 200 + 201 * 200 + 201 * 2
    assert sizes["SNES"] - lanes == pytest.approx(4 * n * 6 * 11 / 2**20)
    assert sizes["CMA_ES"] - lanes == pytest.approx(4 * n * 6 * (11 + n) / 2**20)
    assert sizes["xNES"] - lanes == pytest.approx(4 * n * (6 * (11 + n) + 10 * n) / 2**20)


@pytest.mark.parametrize("missing", PACKAGES)
def test_a_missing_package_is_one_line_with_the_command_that_installs_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, None if name == missing else pytest)
    words = ["agent=evosax:SNES", "env=CartPole-v1", f"results_dir={tmp_path}/runs"]
    with pytest.raises(ConfigError) as caught:
        plan_run(compose(words))
    line = str(caught.value)
    assert line.startswith(f"agent: got 'evosax'; takes {missing}, not installed here: pip ")
    assert not (tmp_path / "runs").exists()
