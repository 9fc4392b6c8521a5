"""What the Python API says to values and keys of any type: one line that names the argument."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench


class Constant:
    """Gives the same action always, or from its sixth call on and 1 before."""

    def __init__(self, action: Any, begins: int = 0) -> None:
        self.action, self.left = action, begins

    def act(self, obs: Any, rng: np.random.Generator) -> Any:
        self.left -= 1
        return np.array([1 if self.left >= 0 else self.action] * len(obs))

    def arrays(self) -> dict[str, Any]:
        return {}


class Listing(Constant):
    def act(self, obs: Any, rng: np.random.Generator) -> Any:
        return [1] * len(obs)


def evaluate(policy: Any, env: Any = "CartPole-v1", **more: Any) -> Any:
    return rlbench.evaluate(policy, env, **{"episodes": 2, **more})


def advance(env_steps: Any) -> Any:
    with rlbench.make_agent("random") as agent:
        return agent.advance(env_steps)


PUSH = Constant(1)
CASES: list[tuple[Callable[[], Any], str]] = [
    (lambda: rlbench.run(agent=None), "agent: got null; takes a name, as in agent=es"),
    (lambda: rlbench.run(agent=3), "agent: got '3'; takes a name, as in agent=es"),
    (lambda: rlbench.run(env=3), "env: got '3'; takes a name, as in env=CartPole-v1"),
    (lambda: rlbench.run(env=None), "env: got null; takes a name, as in env=CartPole-v1"),
    (lambda: rlbench.run(experiment=None), "experiment: got null; takes a name, as in"),
    (lambda: rlbench.run(experiment=3), "experiment: got '3'; takes a name, as in"),
    (lambda: rlbench.run(tuned=None), "tuned: got 'null'; takes the name of a file of this group"),
    (lambda: rlbench.run(seed=None), "seed: got null; takes a whole number"),
    (lambda: rlbench.run(seed=1.5), "seed: got 1.5; takes a whole number"),
    (lambda: rlbench.run(nosuch=3), "nosuch: there is no such key"),
    (lambda: rlbench.run(**{"": 3}), ": got 3; takes a key: a name, or names with dots"),
    (lambda: rlbench.run(**{"a b": 3}), "a b: got 3; takes a key"),
    (lambda: rlbench.run(**{"seed=1 ": 3}), "seed=1 : got 3; takes a key"),
    (lambda: rlbench.run(**{"agent.": 3}), r"agent\.: got 3; takes a key"),
    (lambda: rlbench.run(budget={3: 4}), r"budget\.3: got 4; takes a key"),
    (lambda: rlbench.run(budget=None), "budget: got null; takes"),
    (lambda: rlbench.run(cores=object()), "cores: got <object .*; takes text, a number"),
    (lambda: rlbench.load_runs("x" * 5000), "directory: got 'x+…x+'?; takes a path that"),
    (lambda: rlbench.load_runs(""), "directory: got ''; takes a path"),
    (
        lambda: rlbench.load_policy("x" * 5000),
        "source: got 'x+…x+'?; takes a path that",
    ),
    (
        lambda: rlbench.load_run("x" * 5000),
        "path: got 'x+…x+'?; takes a path that",
    ),
    (
        lambda: evaluate(PUSH, episodes=10**12),
        "episodes: got 1000000000000; takes a whole",
    ),
    (lambda: advance("x"), "env_steps: got 'x'; takes a whole number from 0 to"),
    (lambda: advance(float("inf")), "env_steps: got inf; takes a whole number from 0 to"),
    (lambda: advance(float("nan")), "env_steps: got nan; takes a whole number from 0 to"),
    (lambda: advance(-1), "env_steps: got -1; takes a whole number from 0 to"),
    (lambda: advance(True), "env_steps: got true; takes a whole number from 0 to"),
    (lambda: rlbench.run(config_dir=3), "config_dir: got 3; takes a path"),
    (lambda: rlbench.sweep(agent=[None]), "agent: got null; takes a name"),
    (lambda: rlbench.sweep(seed=[]), r"seed: got \[\]; takes at least one value"),
    (lambda: rlbench.sweep(seed=range(10**12)), "seed: got range.*; takes fewer values: a sweep"),
    (lambda: rlbench.sweep(seed={1, 2}), r"seed: got \{1, 2\}; takes text, a number"),
    (lambda: rlbench.sweep(jobs="many"), "jobs: got 'many'; takes auto or a whole number"),
    (lambda: rlbench.run(agent="es\0"), r"agent: got 'es\\x00'; takes text without a null"),
    (lambda: rlbench.run(env="Cart\nPole"), r"env: got 'Cart\\nPole'; takes the id"),
    (lambda: rlbench.load_runs("a\0b"), r"directory: got 'a\\x00b'; takes a path"),
    (lambda: rlbench.compare(baseline=3), "baseline: got 3; takes dqn, es"),
    (lambda: rlbench.make_agent(agent=None), "agent: got null; takes a name"),
    (lambda: rlbench.make_agent(experiment=None), "experiment: got null; takes a name"),
    (lambda: rlbench.load_run(3), "path: got 3; takes a path"),
    (lambda: rlbench.load_runs(3), "directory: got 3; takes a path"),
    (lambda: rlbench.load_runs(".", baseline=3), "baseline: got 3; takes the name"),
    (lambda: rlbench.load_runs(".").ratios(3), "baseline: got 3; takes the name"),
    (lambda: rlbench.load_runs(".").ratios("none"), "baseline: got 'none'; takes the name"),
    (lambda: rlbench.load_policy(None), "source: got null; takes a path"),
    (lambda: rlbench.report(3), "directory: got 3; takes a path"),
    (lambda: rlbench.report(".", out=3), "out: got 3; takes a path"),
    (lambda: rlbench.report(".", films="race.mp4"), "films: got 'race.mp4'; takes a list of paths"),
    (lambda: rlbench.report(".", films=[3]), "films: got 3; takes a path"),
    (lambda: evaluate(3), "policy: got 3; takes an object with `act`"),
    (lambda: evaluate(PUSH, 3), "env: got '3'; takes a name"),
    (
        lambda: evaluate(PUSH, episodes=1.5),
        "episodes: got 1.5; takes a whole number from 1 to",
    ),
    (lambda: evaluate(PUSH, episodes=0), "episodes: got 0; takes a whole number from 1 to 1000000"),
    (lambda: evaluate(PUSH, episodes=-1), "episodes: got -1; takes a whole number"),
    (lambda: evaluate(PUSH, episodes=True), "episodes: got true; takes a whole number"),
    (lambda: evaluate(PUSH, episodes=None), "episodes: got null; takes a whole number"),
    (lambda: evaluate(PUSH, seed=-1), "seed: got -1; takes a whole number"),
    (lambda: evaluate(Constant(-1)), "policy: got .*actions from -1 to -1; takes 0 to below"),
    (lambda: evaluate(Constant(2)), "policy: got .*actions from 2 to 2; takes 0 to below"),
    (lambda: evaluate(Constant(0.5)), "policy: got .*actions of type float64, not integers"),
    (lambda: evaluate(Listing(1)), "policy: got .*actions of type list, not an array"),
    (
        lambda: evaluate(Constant([np.nan]), "Pendulum-v1"),
        "policy: got .*actions that are not finite floats",
    ),
]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("call", "message"), CASES, ids=[message for _, message in CASES])
def test_a_bad_argument_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(rlbench.ConfigError, match=f"^{message}") as raised:
        call()
    assert "\n" not in str(raised.value)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("env", ["Acrobot-v1", "CartPole-v1"])  # Acrobot would play -1 as 2
@pytest.mark.parametrize(
    ("action", "message"),
    [(-1, "actions from -1 to -1; takes 0 to below"), (7, "actions from 7 to 7"),
     (0.5, "actions of type float64"), ([0], r"actions of shape \(2, 1\), not \(2,\)")],
)  # fmt: skip
def test_a_later_action_that_the_environment_does_not_have(
    env: str, action: Any, message: str
) -> None:
    with pytest.raises(rlbench.RunError, match=rf"^policy\(\)\.act: gives {message}"):
        evaluate(Constant(action, begins=5), env)
