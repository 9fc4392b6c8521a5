"""A network class of an installed package: trained, saved, found again by its registered name."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlbench
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.nets.build import NETWORKS, NetworkOptions, make_network
from rlbench.nets.policy import NetworkPolicy
from rlbench.runs.directory import write_policy
from support.packages import install

MODULE = """
from dataclasses import dataclass
from typing import ClassVar

from rlbench.nets.build import NetworkBuilder
from rlbench.nets.network import Dense, Network


@dataclass(frozen=True)
class Doubled(Network):
    observations: ClassVar[str] = "vector"
    convs: ClassVar[tuple] = CONVS
    activation: ClassVar[str] = "linear"
    inputs: int
    outputs: int
    hidden: tuple = ()

    @property
    def observation_shape(self):
        return (self.inputs,)

    @property
    def shapes(self):
        return [(self.inputs, self.outputs)]

    @property
    def stack(self):
        return [Dense(self.outputs)]

    def forward(self, layers, obs):
        ((kernel, bias),) = layers
        return 2 * (obs @ kernel) + bias

    def describe(self):
        return {"kind": "KIND", "inputs": self.inputs, "outputs": self.outputs}


def build(shape, outputs, options):
    return Doubled(shape[0], outputs)


def read(values):
    return Doubled(int(values["inputs"]), int(values["outputs"]))


NETWORK = NetworkBuilder("vector", build, read)
UNREAD = NetworkBuilder("vector", build)
OTHERWISE = NetworkBuilder("vector", build, lambda values: Doubled(1, 1))
LISTED = NetworkBuilder(
    "vector",
    lambda shape, outputs, options: Doubled(list(shape), outputs),
    lambda values: Doubled(values["inputs"], values["outputs"]),
)
"""
SHORT: dict[str, Any] = {
    "in_process": True, "progress": False, "cores": 1, "agent.population": 8,
    "budget": {"env_steps": 300}, "eval": {"episodes": 2, "confirmation_episodes": 2},
    "stop_at_threshold": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def register(
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    thing: str = "NETWORK",
    kind: str = "doubled",
    convs: str = "()",
) -> Path:
    place, module = Path(package).absolute(), f"{package}_nets"
    code = MODULE.replace("KIND", kind).replace("CONVS", convs)
    groups = {"rlbench.networks": [f"doubled = {module}:{thing}"]}
    install(place, monkeypatch, package, groups, {f"{module}.py": code})
    return place


def test_a_policy_is_loaded_by_the_registered_name(monkeypatch: pytest.MonkeyPatch) -> None:
    place = register(monkeypatch, "shop")
    plain = {"agent.network": "doubled", "agent.normalize_observations": False}
    run = rlbench.run(env="CartPole-v1", **plain, **SHORT)
    policy = rlbench.load_policy(run)
    assert isinstance(policy, NetworkPolicy)
    weights = policy.parameters.reshape(5, 2)
    obs = np.eye(4, dtype=np.float32)
    assert np.array_equal(policy.outputs(obs), 2 * weights[:4] + weights[4])
    with np.load(run.directory / "policy.npz") as arrays:
        saved = json.loads(str(arrays["architecture"]))
    assert saved["network"] == {"kind": "doubled", "inputs": 4, "outputs": 2}
    assert saved["package"] == "shop 1.5"
    again = rlbench.evaluate(policy, "CartPole-v1", episodes=2)
    assert again.return_mean == run.evaluations.return_mean[-1]

    shutil.rmtree(place)
    sys.modules.pop("shop_nets")
    message = r"policy.npz: the network 'doubled' of shop 1.5 is not installed here"
    with pytest.raises(rlbench.RunError, match=message):
        rlbench.load_policy(run)


@pytest.mark.parametrize(
    ("package", "thing", "kind"),
    [
        ("mute", "UNREAD", "doubled"),
        ("liar", "OTHERWISE", "doubled"),
        ("alias", "NETWORK", "mlp"),
        ("lists", "LISTED", "doubled"),
    ],
)
def test_a_network_that_could_not_be_loaded_again_is_refused_before_training(
    monkeypatch: pytest.MonkeyPatch, package: str, thing: str, kind: str
) -> None:
    register(monkeypatch, package, thing, kind)
    takes = "agent.network: got 'doubled'; takes a network that policy.npz can hold"
    with pytest.raises(rlbench.ConfigError, match=takes):
        rlbench.run(env="CartPole-v1", **{"agent.network": "doubled"}, **SHORT)
    assert not Path("results").exists()


def test_convolutions_that_are_not_rectified_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "tangled", convs="((2, 1, 1),)")
    takes = "agent.network: got 'doubled'; takes a network whose `convs` is empty, unless it is"
    facts = EnvFacts("CartPole-v1", (4,), ActionSpec("discrete", (2,)), 500)
    with pytest.raises(rlbench.ConfigError, match=takes):
        make_network("doubled", facts, 2, NetworkOptions(), for_frames="nature")


def policy_file(network: Any, **more: Any) -> Path:
    head = {"kind": "argmax", "nvec": [2], "values": None, "single": True}
    architecture = json.dumps({"network": network, "head": head, **more})
    arrays = {"architecture": np.array(architecture), "parameters": np.zeros(10, np.float32)}
    write_policy(Path("policy.npz"), arrays)
    return Path("policy.npz")


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"kind": "this:s"}, "the network 'this:s' is not installed here"),
        ({"kind": "x" * 900}, r"the network 'x{80}' is not installed here"),
        ({"kind": "nature"}, "the network 'nature' has no `read`"),
        ({"kind": "mlp", "inputs": 3}, "no policy that rlbench can load"),
        ("mlp", "no policy that rlbench can load"),
        (
            {"kind": "conv", "inputs": [1, 9, 9], "convs": [[1, 1, 0]], "hidden": [], "outputs": 2},
            "no policy that rlbench can load",
        ),
    ],
)  # fmt: skip
def test_a_stranger_s_network_imports_nothing_and_is_one_error(network: Any, message: str) -> None:
    with pytest.raises(rlbench.RunError, match=message):
        rlbench.load_policy(policy_file(network))
    assert "this" not in sys.modules  # a module that nothing else imports


def test_a_package_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {"rlbench.networks": ["broken = broken_nets:NETWORK"]}
    install(Path("at"), monkeypatch, "mill", groups, {"broken_nets.py": "raise OSError('gone')"})
    assert "broken" in NETWORKS
    with pytest.raises(rlbench.RunError, match=r"policy.npz: .*mill 1.5 fails when it is imported"):
        rlbench.load_policy(policy_file({"kind": "broken"}))


def test_arrays_larger_than_any_policy_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlbench.agents.saved.MAX_BYTES", 500)
    path = policy_file({"kind": "mlp", "inputs": 4, "hidden": [], "outputs": 2,
                        "activation": "tanh"})  # fmt: skip
    with pytest.raises(rlbench.RunError, match=r"it is larger than 0\.0005 MB"):
        rlbench.load_policy(path)
