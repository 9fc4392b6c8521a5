"""What TensorBoard shows of policies: parameters, TD errors, the network and films."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.agents.random import UniformPolicy
from rlbench.boards.drawing import policy_nodes
from rlbench.boards.kept import Kept, read_run, spread
from rlbench.boards.td_errors import Learning, greedy_value, td_errors
from rlbench.cli.main import main
from rlbench.interfaces import ActionSpec
from rlbench.nets.conv import ConvNet
from rlbench.nets.heads import ArgmaxHead, argmax_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.conditions import Conditions
from rlbench.runs.columns import Clock
from rlbench.runs.directory import snapshot_file, write_policy
from rlbench.settings import EnvSettings
from support.policies import constant
from support.read_protobuf import field, fields, records
from support.recorded import policy_of
from support.run_files import RunFiles

CARTPOLE = Conditions(env=EnvSettings(id="CartPole-v1"), seed=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of DQN that kept a snapshot, and one of the random agent."""
    root = tmp_path_factory.mktemp("runs")
    configuration = {"agent.discount": 0.5, "agent.clip_rewards": False}
    dqn = RunFiles(agent="dqn", seed=3, configuration=configuration).write(root)
    (dqn / "snapshots").mkdir()
    write_policy(snapshot_file(dqn, 0), constant(2.0).arrays())
    write_policy(dqn / "policy.npz", constant(4.0).arrays())
    chance = RunFiles(agent="random", status="budget").write(root)
    write_policy(chance / "policy.npz", UniformPolicy(ActionSpec("discrete", (2,))).arrays())
    return root


def shown(out: Path, agent: str) -> Iterator[tuple[int, int, bytes]]:
    """Of each event of a run: its step, the number of a field behind it, and what that holds."""
    (file,) = (out / "CartPole-v1" / agent).rglob("events.*")
    for record in records(file):
        parts = dict(fields(record))
        yield from (
            (parts.get(2, 0), number, parts[number]) for number in (4, 5) if number in parts
        )


def values(out: Path, agent: str, number: int) -> dict[tuple[str, int], bytes]:
    """By tag and step, the summary values of one kind."""
    found = {}
    for step, kind, content in shown(out, agent):
        for _, value in fields(content) if kind == 5 else ():
            parts = dict(fields(value))
            if number in parts:
                found[parts[1].decode(), step] = parts[number]
    return found


def doubles(message: bytes, number: int) -> list[float]:
    content = field(message, number)
    return list(struct.unpack(f"<{len(content) // 8}d", content))


def test_the_command_adds_what_is_asked_for(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tensorboard", str(runs), "--out", str(tmp_path)]
    assert main(words) == 0
    assert values(tmp_path, "dqn", 5) == values(tmp_path, "dqn", 4) == {}
    plain = len(list(shown(tmp_path, "dqn")))
    capsys.readouterr()
    assert main([*words, "--histograms", "--td-errors", "--graph"]) == 0
    why = "its policy is a UniformPolicy, which has no network"
    notes = capsys.readouterr().err.splitlines()
    assert notes == [f"note: random/CartPole-v1/randomsetup/seed0: {why}"] * 2
    found = values(tmp_path, "dqn", 5)
    names = [f"{layer}/{part}" for layer in ("dense1", "output") for part in ("kernel", "bias")]
    tags = [*(f"parameters/{name}" for name in names), "td_errors/greedy_episode"]
    assert sorted(found) == sorted((tag, step) for tag in tags for step in (0, 1000))
    bias = found["parameters/output/bias", 1000]
    assert [field(bias, number) for number in (1, 2, 3, 4, 5)] == [0.0, 4.0, 2.0, 4.0, 16.0]
    assert doubles(bias, 7) == [1.0] + [0.0] * 28 + [1.0]
    assert doubles(bias, 6)[-1] == 4.0 and len(doubles(bias, 6)) == 30
    # With the value 4 each step of the episode has 1 + 0.5 x 4 - 4 = -1, and the last one 1 - 4.
    errors = found["td_errors/greedy_episode", 1000]
    assert (field(errors, 1), field(errors, 2), doubles(errors, 7)[0]) == (-3.0, -1.0, 1.0)
    assert doubles(errors, 7)[-1] == field(errors, 3) - 1
    (graph,) = (content for _, number, content in shown(tmp_path, "dqn") if number == 4)
    assert next(field(node, 1).decode() for _, node in fields(graph)) == "observation"
    assert len(list(shown(tmp_path, "dqn"))) == plain + 2 + 2 + 1


def test_a_film_is_a_picture_that_moves(runs: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="rlbench[video] is not installed")
    assert main(["tensorboard", str(runs), "--out", str(tmp_path), "--films"]) == 0
    assert sorted(values(tmp_path, "dqn", 4)) == [("film", 0), ("film", 1000)]
    message = values(tmp_path, "dqn", 4)["film", 1000]
    film = image.open(io.BytesIO(field(message, 4)))
    assert (film.format, film.height, film.width) == ("GIF", field(message, 1), field(message, 2))
    assert film.n_frames > 2
    assert sorted(values(tmp_path, "random", 4)) == [("film", 1000)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "policy.npz").unlink(), "policy.npz: no policy that rlbench can load"),
        (lambda run: (run / "config.yaml").unlink(), "config.yaml is missing"),
        (lambda run: (run / "config.yaml").write_text("agent: {name: dqn}\nenv: {id: CartPole-v1}"),
         "config.yaml has no agent.discount from 0 to 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_named_and_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any, said: str
) -> None:
    run = RunFiles(agent="dqn", configuration={"agent.discount": 0.9}).write(tmp_path)
    write_policy(run / "policy.npz", constant(1.0).arrays())
    damage(run)
    assert main(["tensorboard", str(tmp_path), "--td-errors"]) == 0
    (note,) = [line for line in capsys.readouterr().err.splitlines() if "not shown" not in line]
    assert note.startswith("note: dqn/CartPole-v1/dqnsetup/seed0: ") and said in note
    assert values(tmp_path / "tensorboard", "dqn", 2)


def test_td_errors_by_hand() -> None:
    # A value of 2 and a discount of 0.5: 1 + 1 - 2 for each step, and 1 - 2 where the pole falls.
    errors = td_errors(constant(2.0), CARTPOLE, Learning(0.5, clip_rewards=False))
    assert errors[:-1].tolist() == [0.0] * (len(errors) - 1) and errors[-1] == -1.0
    capped = CARTPOLE.model_copy(update={"eval_max_episode_steps": 4})
    assert td_errors(constant(2.0), capped, Learning(0.5, False)).tolist() == [0.0] * 4


def test_rewards_are_clipped_where_the_agent_clips_them() -> None:
    box = ActionSpec("box", (), (-2.0,), (2.0,))
    idle = MLP(3, (), 3)
    policy = NetworkPolicy(idle, argmax_head(box, 3), np.zeros(idle.size, np.float32))
    pendulum = Conditions(env=EnvSettings(id="Pendulum-v1", max_episode_steps=30))
    raw = td_errors(policy, pendulum, Learning(0.9, clip_rewards=False))
    assert raw.min() < -1
    clipped = td_errors(policy, pendulum, Learning(0.9, clip_rewards=True))
    assert clipped.tolist() == np.clip(raw, -1, 1).tolist()


def test_a_lost_life_ends_what_is_learned_where_the_agent_says_so() -> None:
    pytest.importorskip("ale_py", reason="rlbench[atari] is not installed")
    network = ConvNet((4, 84, 84), ((1, 8, 8),), (), 7)
    parameters = np.zeros(network.size, np.float32)
    parameters[-7:] = 2.0
    policy = NetworkPolicy(network, ArgmaxHead((7,), single=True), parameters)
    idle = Conditions(env=EnvSettings(id="ALE/Assault-v5", max_episode_steps=130))
    whole = td_errors(policy, idle, Learning(0.5))
    by_life = td_errors(policy, idle, Learning(0.5, life_loss_ends_episode=True))
    assert np.flatnonzero(whole - by_life).tolist() == [61, 93, 125]
    assert set((whole - by_life).tolist()) == {0.0, 1.0}


def test_a_value_is_the_mean_over_dimensions() -> None:
    head = ArgmaxHead((2, 3))
    assert greedy_value(head, np.array([1.0, 5.0, 0.0, -2.0, 2.0])) == 3.5


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("walker bins", {
            "dense1/kernel": (24, 16), "norm1/scale": (16,), "norm1/Tanh": (None, 16),
            "output/MatMul": (None, 12), "outputs": (None, 12), "action/Gather": (None, 4),
        }),
        ("box", {"normalise/mean": (3,), "normalise/Clip": (None, 3), "action/Scale": (None, 1)}),
        ("squashed", {"action/Squash": (None, 2), "dense1/Relu": (None, 16)}),
        ("nature", {
            "observation": (None, 4, 84, 84), "scale/Mul": (None, 84, 84, 4),
            "conv1/kernel": (8, 8, 4, 32), "conv1/Relu": (None, 20, 20, 32),
            "conv3/Conv2D": (None, 7, 7, 64), "flatten/Reshape": (None, 3136),
            "dense1/BiasAdd": (None, 512), "action/ArgMax": (None,),
        }),
        ("dopamine", {
            "conv1/Conv2D": (None, 21, 21, 32), "conv2/Conv2D": (None, 11, 11, 64),
            "conv3/kernel": (3, 3, 64, 64), "flatten/Reshape": (None, 7744),
        }),
        ("impala-small", {
            "section1/conv/Conv2D": (None, 84, 84, 16), "section1/MaxPool": (None, 42, 42, 16),
            "section3/block1/conv2/kernel": (3, 3, 32, 32), "section3/Relu": (None, 11, 11, 32),
            "section3/block1/Add": (None, 11, 11, 32), "flatten/Reshape": (None, 3872),
        }),
    ],
)  # fmt: skip
def test_a_graph_goes_from_the_observation_to_the_action(kind: str, expected: Any) -> None:
    policy, _ = policy_of(kind)
    nodes = policy_nodes(policy)
    shapes = {node.name: node.shape for node in nodes}
    assert len(shapes) == len(nodes)
    assert {name: shapes[name] for name in expected} == expected
    named = {name for node in nodes for name in node.inputs}
    assert named == set(shapes) - {nodes[-1].name}  # all are used, but for the action
    variables = [node for node in nodes if node.operation == "VariableV2"]
    own = [node.shape for node in variables if not node.name.startswith(("action", "normalise"))]
    assert sum(math.prod(sizes) for sizes in own) == policy.network.size


def test_policies_are_spread_evenly_up_to_the_last() -> None:
    kept = [Kept(Clock(env_steps=step), Path(str(step))) for step in range(9)]
    assert [one.clock.env_steps for one in spread(kept, 3)] == [0, 4, 8]
    assert spread(kept, 20) == kept and spread(kept[:1], 5) == kept[:1]


def test_the_last_policy_stands_for_the_last_snapshot(runs: Path) -> None:
    (run,) = (runs / "dqn").rglob("seed3")
    write_policy(snapshot_file(run, 1000), constant(9.0).arrays())
    assert [one.file.name for one in read_run(run).kept] == ["0.npz", "policy.npz"]
    snapshot_file(run, 1000).unlink()
