"""What an algorithm of SBX is given. None of this needs PyTorch or JAX."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from rlbench.agents.sbx.agent import SBX
from rlbench.agents.sbx.settings import SBXSettings
from rlbench.config.compose import compose
from rlbench.errors import ConfigError
from rlbench.harness.plan import load_agent, name_run
from rlbench.interfaces import ActionSpec, EnvFacts

PACKAGES = ("torch", "stable_baselines3", "sb3_contrib", "jax", "sbx", "tf_keras")
BOX = EnvFacts("Box", (3,), ActionSpec("box", (), (-2.0,), (2.0,)), 10)
CHOICE = EnvFacts("One", (3,), ActionSpec("discrete", (2,)), 10)
FRAMES = EnvFacts("Frames", (4, 84, 84), ActionSpec("discrete", (2,)), 10)


def test_the_command_line_names_an_algorithm_and_its_arguments() -> None:
    words = ["agent=sbx:SAC", "env=Pendulum-v1", "+agent.kwargs.gamma=0.5", "agent.num_lanes=2"]
    settings = load_agent(compose(words))[1]
    assert isinstance(settings, SBXSettings)
    assert settings.identity(4) == {
        "algorithm": "SAC", "kwargs": {"gamma": 0.5}, "num_lanes": 2, "threads": 1,
    }  # fmt: skip
    assert name_run(compose(words)).directory.parts[-4] == "sbx-SAC"


@pytest.mark.parametrize(
    ("env", "values", "message"),
    [
        (BOX, {"algorithm": "DQN"},
         "agent.algorithm: got 'DQN'; takes PPO, SAC, TD3 or TQC: Box takes continuous actions"),
        (FRAMES, {}, "env: got 'Frames'; takes vectors with agent=sbx; agent=sb3 takes frames"),
        (CHOICE, {"kwargs": {"param_resets": [3]}},
         "agent.kwargs.param_resets: got [3]; takes no value here"),
    ],
)  # fmt: skip
def test_what_is_not_taken(env: EnvFacts, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SBX.memory_mb(env, SBXSettings(**values), workers=1)
    assert str(caught.value) == message


@pytest.mark.parametrize("missing", ["sbx", "tf_keras"])
def test_a_missing_package_is_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PACKAGES:
        monkeypatch.setitem(sys.modules, name, None if name == missing else pytest)
    said = f"agent: got 'sbx'; takes {missing}, not installed here: pip "
    with pytest.raises(ConfigError, match=said):
        SBX.memory_mb(CHOICE, SBXSettings(), workers=1)
