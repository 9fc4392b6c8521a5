"""Keras files: rlbench's own, other makers', and strangers'."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import rlbench
from rlbench.exports.facts import exported, properties
from rlbench.exports.write import write
from rlbench.interfaces import ActionSpec, EnvFacts
from rlbench.nets.tensorflow_runtime import start_tensorflow
from rlbench.playing.evaluation import judge
from rlbench.playing.keras_file import CONFIG, WEIGHTS, read_keras
from rlbench.playing.model import ModelPolicy
from rlbench.playing.source import conditions_for, read_source
from rlbench.runs.directory import write_policy
from support.recorded import policy_of

CARTPOLE = EnvFacts("CartPole-v1", (4,), ActionSpec("discrete", (2,)), 500)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rlbench.Run:
    return rlbench.run(
        "es", cores=1, progress=False, in_process=True, results_dir=tmp_path_factory.mktemp("r"),
        **{
            "budget.env_steps": 1000, "agent.population": 8, "agent.normalize_observations": True,
            "eval.episodes": 2, "env.max_episode_steps": 60,
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def members(run: rlbench.Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is in the Keras file of the run's policy."""
    out = tmp_path_factory.mktemp("keras") / "policy.keras"
    found = exported(read_source(run.directory), "Apache-2.0")
    write(found, "keras", out)
    with zipfile.ZipFile(out) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert json.loads(content["rlbench.json"]) == properties(found)
    return content


def saved(members: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_it_plays_as_its_run_does(
    run: rlbench.Run, members: dict[str, bytes], tmp_path: Path
) -> None:
    source = read_source(saved(members, tmp_path / "policy.keras"))
    found = judge(source.policy, conditions_for(source))
    assert found.played.return_mean == run.evaluations.return_mean[-1]


@pytest.mark.parametrize("kind", ["boxes", "uneven", "walker bins", "nature"])
def test_each_head_is_read_back(kind: str, tmp_path: Path) -> None:
    policy, env = policy_of(kind)
    write_policy(tmp_path / "policy.npz", policy.arrays())
    out = tmp_path / "policy.keras"
    write(exported(read_source(tmp_path / "policy.npz"), "Apache-2.0"), "keras", out)
    model, _ = read_keras(out)
    shape, rng = policy.network.observation_shape, np.random.default_rng(0)
    frames = len(shape) == 3
    obs = rng.integers(0, 256, (3, *shape), np.uint8) if frames else rng.normal(size=(3, *shape))
    obs = obs if frames else obs.astype(np.float32)
    found = np.concatenate([model.run(obs[row : row + 1]) for row in range(3)])
    ours = policy.act(obs, rng)
    assert np.allclose(found, ours, atol=1e-5) and env


def test_a_model_of_another_maker(tmp_path: Path) -> None:
    start_tensorflow(1)
    import keras

    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, use_bias=False)])
    made.set_weights([np.array([[0, 1], [0, 0], [0, 0], [0, 0]], np.float32)])
    made.save(tmp_path / "mine.keras")
    model, known = read_keras(tmp_path / "mine.keras")
    policy = ModelPolicy(model, CARTPOLE)
    obs = np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], np.float32)
    assert policy.act(obs, np.random.default_rng(0)).tolist() == [1, 0] and known == {}


@pytest.mark.parametrize(
    ("middle", "message"),
    [
        (lambda layers: [layers.ZeroPadding2D(5000), layers.GlobalAveragePooling2D()],
         r"its layers give \d+ MB for one observation; takes up to 268 MB"),
        (lambda layers: [layers.ZeroPadding2D(400), layers.GlobalAveragePooling2D()], None),
    ],
)  # fmt: skip
def test_what_the_layers_give_is_bounded(middle: Any, message: str | None, tmp_path: Path) -> None:
    start_tensorflow(1)
    import keras

    layers = keras.layers
    parts = [keras.Input((4,)), layers.Reshape((2, 2, 1)), *middle(layers), layers.Dense(2)]
    keras.Sequential(parts).save(tmp_path / "wide.keras")
    model, _ = read_keras(tmp_path / "wide.keras")
    if message is None:
        ones = np.ones((1, 4), np.float32)
        assert ModelPolicy(model, CARTPOLE).act(ones, np.random.default_rng(0)).shape == (1,)
        return
    with pytest.raises(rlbench.ConfigError, match=message):
        ModelPolicy(model, CARTPOLE)


def with_lambda(members: dict[str, bytes]) -> None:
    config = json.loads(members[CONFIG])
    layers = config["config"]["layers"]
    layers[1] = {**layers[1], "class_name": "Lambda"}
    members[CONFIG] = json.dumps(config).encode()


def of_another_module(members: dict[str, bytes]) -> None:
    config = json.loads(members[CONFIG])
    config["module"] = "os"
    members[CONFIG] = json.dumps(config).encode()


def huge_layer(members: dict[str, bytes]) -> None:
    members[CONFIG] = members[CONFIG].replace(b'"units": 2', b'"units": 2000000000')


def large_layers(members: dict[str, bytes]) -> None:
    """Two layers of 8192 units between input and output: 268 MB."""
    config = json.loads(members[CONFIG])
    hidden = {"class_name": "Dense", "module": "keras.layers", "registered_name": None}
    shapes = [4, 8192, 8192]
    layers: list[Any] = [
        {"class_name": "InputLayer", "module": "keras.layers", "registered_name": None,
         "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "given"}},
        *({**hidden, "config": {"units": after, "name": f"dense{number}"}}
          for number, after in enumerate(shapes[1:])),
    ]  # fmt: skip
    config |= {
        "class_name": "Sequential", "module": "keras", "registered_name": None,
        "config": {"name": "large", "layers": layers},
    }  # fmt: skip
    members[CONFIG] = json.dumps(config).encode()


def more_members(members: dict[str, bytes]) -> None:
    members["../escape"] = b""


def no_weights(members: dict[str, bytes]) -> None:
    members[WEIGHTS] = b"torn"


def linked_weights(members: dict[str, bytes]) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/secret.h5", "/")
    members[WEIGHTS] = content.getvalue()


def bomb(members: dict[str, bytes]) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("vars", shape=(10**9,), dtype="f4", chunks=(10**6,), compression="gzip")
    members[WEIGHTS] = content.getvalue()


def circle(members: dict[str, bytes]) -> None:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        inner = file.create_group("inner")
        inner["again"] = file["/"]
        inner["more"] = file["/"]
    members[WEIGHTS] = content.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_lambda, "has a Lambda; takes plain layers and operations"),
        (of_another_module, "has a class of os; takes Keras' own"),
        (huge_layer, "has units 2000000000; takes up to 8192"),
        (large_layers, "its layers have 269 MB of weights; takes up to 134 MB"),
        (more_members, "holds .*escape; takes config.json"),
        (no_weights, "is no model as Keras 3 writes it"),
        (linked_weights, "its weights have a link, which is not followed"),
        (bomb, "its weights are in other files, or too large"),
        (circle, "is no model as Keras 3 writes it|more than 10000 parts"),
        (lambda members: members.pop(CONFIG), "is no model as Keras 3 writes it"),
    ],
)
def test_hostile_files_are_one_line(
    change: Callable[[dict[str, bytes]], Any],
    message: str,
    members: dict[str, bytes],
    tmp_path: Path,
) -> None:
    changed = dict(members)
    change(changed)
    assert changed != members
    path = saved(changed, tmp_path / "policy.keras")
    with pytest.raises(rlbench.ReportError, match=message) as caught:
        read_keras(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
