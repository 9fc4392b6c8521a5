"""ES on frames: virtual batch normalisation by hand, members as they would be alone, the cap."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbench.agents.es.episode_cap import EpisodeCap
from rlbench.agents.es.members import make_members
from rlbench.agents.es.noise import draw_noise
from rlbench.agents.es.settings import ESSettings
from rlbench.agents.es.virtual_norm import ReferencePlay, VirtualNorm, play_reference
from rlbench.checking import check
from rlbench.config.compose import compose
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError
from rlbench.executors.base import LaneWorker
from rlbench.harness.experiment import run
from rlbench.harness.machine import available_cores
from rlbench.harness.plan import name_run
from rlbench.interfaces import ActionSpec, EnvFacts, State
from rlbench.nets.conv import ConvNet
from rlbench.nets.mlp import MLP
from rlbench.nets.residual import ResidualNet
from rlbench.runs import checkpoint
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings
from support.agents import build_es
from support.pixel_plan import PixelPlan

NETWORK = ConvNet((2, 9, 10), ((3, 4, 2), (4, 2, 1)), (5,), 3)


@pytest.mark.parametrize("rank", [None, 1])
def test_members_of_a_residual_network_are_those_of_theta_and_noise(rank: int | None) -> None:
    network, rng = ResidualNet((2, 6, 5), ((3, 1),), (4,), 3), np.random.default_rng(0)
    theta = network.initial_uniform(rng)
    noise = draw_noise(network, rank, Seeds(0), 0, range(2))
    members = make_members(network, theta, 0.1, noise, 2, None)
    obs = rng.integers(0, 256, (4, 1, *network.inputs), np.uint8)
    outputs = members.outputs(obs, np.ones((4, 1), np.bool_))
    for member in range(4):
        sign = np.float32(-0.1 if member % 2 else 0.1)
        layers = network.layers(theta + sign * noise[member // 2])
        np.testing.assert_allclose(outputs[member], network.forward(layers, obs[member]), rtol=1e-4)


# --- virtual batch normalisation ----------------------------------------------------------------


def test_normalisation_by_hand() -> None:
    # A 1x1 kernel of weight 51 over one frame of two pixels, then a dense layer of two units.
    network = ConvNet((1, 1, 2), ((1, 1, 1),), (1,), 1)
    #             conv k, b   dense k (2), b   output k, b
    parameters = np.array([51, 0.5, 1, -1, 0.25, 2, 1], np.float32)
    # Pixels of 5/255 are weighed to 1: two frames give 1, 3 and 5, 7.
    reference = np.array([[[[5, 15]]], [[[25, 35]]]], np.uint8)
    layers = network.layers(parameters)
    affine = VirtualNorm(network, reference).fold(layers)
    # Mean 4, variance (9 + 1 + 1 + 9) / 4 = 5.
    scale = 1 / np.sqrt(5 + 1e-3)
    assert affine[0][0] == pytest.approx([scale]) and affine[0][1] == pytest.approx(0.5 - 4 * scale)
    low, high = 0.5 - 1 * scale, 0.5 + 1 * scale  # of 3 and 5; 1 is below zero, 7 is 0.5 + 3 scale
    assert 0.5 - 3 * scale < 0 < low
    # The dense layer's sums: first pixel minus second, 0 - low and high - (0.5 + 3 scale).
    sums = np.array([-low, high - (0.5 + 3 * scale)])
    dense_scale = 1 / np.sqrt(sums.var() + 1e-3)
    assert affine[1][0] == pytest.approx([dense_scale], rel=1e-4)
    # Folded into the parameters, the plain network computes the normalised one.
    frames = np.array([[[[15, 25]]]], np.uint8)
    hidden = (low - high - sums.mean()) * dense_scale + 0.25
    out = network.forward(layers, frames)
    assert out == pytest.approx(np.array([[2 * max(hidden, 0) + 1]]), rel=1e-4)


def test_hidden_layers_have_mean_b_and_variance_1_on_the_reference_batch() -> None:
    rng = np.random.default_rng(0)
    reference = rng.integers(0, 256, (40, *NETWORK.inputs), np.uint8)
    parameters = NETWORK.initial_uniform(rng)
    biases = [bias[0].copy() for _, bias in NETWORK.layers(parameters)]
    layers = NETWORK.layers(parameters)
    VirtualNorm(NETWORK, reference).fold(layers)
    for depth, width in ((1, 3), (2, 4)):
        # The first `depth` convolutions alone, read out by a dense layer that passes all on.
        part = ConvNet(NETWORK.inputs, NETWORK.convs[:depth], (), 1)
        size = part.shapes[-1][0]
        through = (np.eye(size, dtype=np.float32), np.zeros((1, size), np.float32))
        # Moved up by 100, no sum is rectified away.
        up = [*layers[: depth - 1], (layers[depth - 1][0], layers[depth - 1][1] + 100), through]
        values = part.forward(up, reference).reshape(-1, width) - 100
        assert values.mean(axis=0) == pytest.approx(biases[depth - 1], abs=1e-3)
        assert values.var(axis=0) == pytest.approx(np.ones(width), rel=0.15)  # EPSILON: below 1


def test_scaling_a_kernel_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    norm = VirtualNorm(NETWORK, rng.integers(0, 256, (20, *NETWORK.inputs), np.uint8))
    frames = rng.integers(0, 256, (6, *NETWORK.inputs), np.uint8)
    parameters = NETWORK.initial(rng)
    outputs = []
    for factor in (30, 90):
        layers = NETWORK.layers(parameters.copy())
        layers[0][0][...] *= factor
        norm.fold(layers)
        outputs.append(NETWORK.forward(layers, frames))
    assert outputs[0] == pytest.approx(outputs[1], rel=0.01, abs=0.01)


def test_the_reference_batch_is_a_pure_function_of_the_seed_and_counted() -> None:
    plan = PixelPlan()
    batches = []
    for lanes in (2, 6):
        worker = LaneWorker(plan)
        play = ReferencePlay(5, lanes, plan.facts.action, Seeds(1).child("reference"))
        batches.append(play_reference(worker, play, None))
        assert worker.counts().env_steps == play.env_steps == 40
    assert batches[0].shape == (5, 1, 20, 20) and batches[0].dtype == np.uint8
    assert batches[0].tobytes() == batches[1].tobytes()
    assert len({frames.tobytes() for frames in batches[0]}) == 5


# --- members ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [None, 1, 2])
@pytest.mark.parametrize("network", [NETWORK, MLP(4, (6, 5), 3)])
@pytest.mark.parametrize("normalised", [False, True])
def test_a_members_outputs_are_those_of_its_own_network(
    network: Any, rank: int, normalised: bool
) -> None:
    rng = np.random.default_rng(0)
    theta, pairs, lanes = network.initial_uniform(rng), 3, 2
    noise = draw_noise(network, rank, Seeds(1), 0, range(pairs))
    norm = None
    if isinstance(network, ConvNet):
        shape, draw = network.inputs, lambda *n: rng.integers(0, 256, n, np.uint8)
        if normalised:
            norm = VirtualNorm(network, draw(10, *shape))
    else:
        shape, draw = (4,), lambda *n: rng.standard_normal(n, np.float32)
    obs, playing = draw(2 * pairs, lanes, *shape), np.ones((2 * pairs, lanes), np.bool_)
    members = make_members(network, theta, 0.1, noise, pairs, norm)
    kept = np.arange(2 * pairs)
    for gone in ([], [1, 4], [0]):
        keep = ~np.isin(kept, gone)
        kept = kept[keep]
        if gone:
            members.select(kept)
        playing = playing[keep]
        playing[0, 1] = False
        outputs = members.outputs(obs[kept], playing)
        for row, member in enumerate(kept):
            sign = 1 if member % 2 == 0 else -1
            own = theta + np.float32(sign * 0.1) * noise[member // 2]
            layers = network.layers(own)
            if norm is not None:
                norm.fold(layers)
            alone = network.forward(layers, obs[member])
            assert np.allclose(
                outputs[row][playing[row]], alone[playing[row]], rtol=1e-4, atol=1e-5
            )


def test_full_rank_members_do_not_depend_on_who_shares_the_stack() -> None:
    rng, pairs = np.random.default_rng(0), 3
    theta = NETWORK.initial_uniform(rng)
    noise = draw_noise(NETWORK, None, Seeds(1), 0, range(pairs))
    obs = rng.integers(0, 256, (6, 2, *NETWORK.inputs), np.uint8)
    playing = np.ones((6, 2), np.bool_)
    whole = make_members(NETWORK, theta, 0.1, noise, pairs, None)
    before = whole.outputs(obs, playing)
    kept = np.array([1, 4, 5])
    whole.select(kept)
    assert whole.outputs(obs[kept], playing[kept]).tobytes() == before[kept].tobytes()


# --- the cap ------------------------------------------------------------------------------------


def test_the_cap_is_twice_the_mean_length() -> None:
    frames = EnvFacts("A", (4, 84, 84), ActionSpec("discrete", (2,)), 27_000)
    cap = EpisodeCap("auto", frames)
    lengths = [2000.0, 4000.0, 100.25, 20_000.0]
    caps = [cap.steps]
    for length in lengths:
        cap.adapt(length)
        caps.append(cap.steps)
    assert caps == [2000, 4000, 8000, 201, 27_000]
    vector = EnvFacts("B", (4,), ActionSpec("discrete", (2,)), 500)
    assert EpisodeCap("auto", vector).steps is None
    assert EpisodeCap("adaptive", vector).steps == 500  # never above the environment's own
    assert EpisodeCap(None, frames).steps is None
    fixed = EpisodeCap(30, frames)
    fixed.adapt(7.0)
    assert fixed.steps == 30


def test_a_capped_episode_has_the_return_it_had_and_its_steps_count() -> None:
    plan = PixelPlan(episode_steps=8)
    common = {"population": 6, "block_members": 4, "virtual_batch_norm": False, "sigma": 1e-9}
    es, resources = build_es(plan, episode_cap=5, **common)
    scalars = es.advance(1)
    assert resources.counts().env_steps == 6 * 5 and resources.counts().episodes == 0
    assert scalars["episode_length_mean"] == 5
    assert scalars["episode_cap"] == 5 and scalars["episodes_capped"] == 6
    # The first five steps of the same episodes, played to their end, paid as much.
    longer, _ = build_es(PixelPlan(episode_steps=5), episode_cap=None, **common)
    assert longer.advance(1)["return_train_mean"] == scalars["return_train_mean"] > 0
    assert "episode_cap" not in longer.advance(1)


def test_an_adaptive_cap_follows_the_lengths_and_is_state() -> None:
    es, _ = build_es(PixelPlan(), population=4, reference_frames=2)
    es.advance(0)
    es.advance(1)
    state = es.get_state()
    assert state["episode_cap"] == 16 and state["reference"].shape == (2, 1, 20, 20)
    other, resources = build_es(PixelPlan(), population=4, reference_frames=2)
    other.set_state(state)
    assert other.advance(1)["episode_cap"] == 16
    assert resources.counts().env_steps == 4 * 8  # the reference batch is not played again
    es.advance(1)
    assert es.get_state()["theta"].tobytes() == other.get_state()["theta"].tobytes()


# --- the agent ----------------------------------------------------------------------------------


def test_the_first_policy_to_be_judged_is_normalised() -> None:
    es, resources = build_es(PixelPlan(), population=4, reference_frames=3)
    raw = es.policy().parameters
    assert es.advance(0) == {"generation": 0}
    assert resources.counts().env_steps == 3 * 8
    judged = es.policy()
    assert not np.array_equal(judged.parameters, raw)
    # It is what the members of the first generation are perturbed from.
    state = es.get_state()
    layers = judged.network.layers(state["theta"].copy())
    VirtualNorm(judged.network, state["reference"]).fold(layers)
    folded = np.concatenate([part.ravel() for layer in layers for part in layer])
    assert judged.parameters.tobytes() == folded.tobytes()
    # Where nothing is to be prepared, nothing is done.
    plain, resources = build_es(PixelPlan(), population=4, virtual_batch_norm=False)
    assert plain.advance(0) == {"generation": 0} and resources.counts().env_steps == 0


def test_what_is_learned_does_not_depend_on_whether_it_was_prepared() -> None:
    states = []
    for cuts in ([200], [0, 200], [0, 0, 1, 150]):
        es, resources = build_es(PixelPlan(), population=4, reference_frames=3)
        for steps in cuts:
            es.advance(steps)
        while resources.counts().env_steps < 248:  # the reference batch, and seven generations
            es.advance(1)
        states.append((es.get_state()["theta"].tobytes(), resources.counts().env_steps))
    assert states[0] == states[1] == states[2] and states[0][1] == 248


@pytest.mark.parametrize("noise", ["full", "lowrank"])
def test_es_finds_what_is_to_be_seen(noise: str) -> None:
    """8 is the best return, 4 that of chance, and of anything that does not look. Without virtual
    batch normalisation it is at 5 by then: the two halves differ by little."""
    es, _ = build_es(
        PixelPlan(), population=32, episodes_per_member=2, sigma=0.05, learning_rate=0.02,
        reference_frames=32, block_members=32, noise=noise,
    )  # fmt: skip
    es.advance(0)
    assert es.advance(1)["return_train_mean"] < 5
    for _ in range(14):
        last = es.advance(1)["return_train_mean"]
    assert last > 7
    # The policy as it is saved acts as the normalised network does.
    policy, lanes = es.policy(), PixelPlan().lanes(50)
    rng = np.random.default_rng(0)
    _, rewards, *_ = lanes.step(every := np.arange(50), policy.act(lanes.reset(every, every), rng))
    assert rewards.mean() > 0.9
    assert type(policy).from_arrays(policy.arrays()).parameters.tobytes() == (
        policy.parameters.tobytes()
    )


def test_a_generation_thrown_away_leaves_no_trace_with_low_rank_noise() -> None:
    thetas = []
    # 8 members play 2 blocks of 20 lock-steps: in the first block, and in the second.
    for cut in ([], [False] * 9 + [True], [False] * 30 + [True]):
        answers = iter(cut)
        es, _ = build_es(
            PixelPlan(), population=8, block_members=4, noise="lowrank", reference_frames=4,
            should_stop=lambda answers=answers: next(answers, False),
        )  # fmt: skip
        while es.get_state()["generation"] < 2:
            es.advance(1)
        thetas.append(es.get_state()["theta"].tobytes())
    assert len(thetas) == 3 and len(set(thetas)) == 1


def test_what_does_not_suit_the_observations_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"agent.normalize_observations: got true; takes false"):
        build_es(PixelPlan(), normalize_observations=True)
    plan = plan_env(EnvSettings(id="CartPole-v1"))
    with pytest.raises(ConfigError, match=r"agent.virtual_batch_norm: got true; takes auto"):
        build_es(plan, virtual_batch_norm=True)


@pytest.mark.parametrize("bad", [{"episode_cap": 0}, {"episode_cap": "long"}, {"rank": 0}])
def test_bad_settings_are_named(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"agent.{next(iter(bad))}: got"):
        check(ESSettings, bad, "agent")


# --- games, in the whole harness ----------------------------------------------------------------


def finish(tmp_path: Path, *words: str, steps: int = 160) -> tuple[State, dict[str, Any]]:
    asked = compose(
        [
            "agent=es", "env=ALE/Pong-v5", f"budget.env_steps={steps}", f"results_dir={tmp_path}",
            "eval.episodes=1", "eval.confirmation_episodes=1", "stop_at_threshold=false",
            "env.max_episode_steps=20", "agent.population=4", "agent.block_members=2",
            "agent.reference_frames=2", "agent.episode_cap=12", "env.threshold=20", *words,
        ]
    )  # fmt: skip
    assert run(asked) == 0
    directory = name_run(asked).directory
    state = checkpoint.load(directory / "checkpoint")["agent"]
    return state, json.loads((directory / "summary.json").read_text())


def test_the_first_evaluation_comes_after_the_reference_batch_and_counts_it(tmp_path: Path) -> None:
    finish(tmp_path, "executor=serial", steps=40)
    (log,) = tmp_path.rglob("log.jsonl")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    first = next(row for row in rows if row["kind"] == "eval")
    assert first["env_steps"] == 2 * 8 and first["train_s"] > 0 and first["train_cpu_s"] > 0
    assert first["seq"] < next(row["seq"] for row in rows if row["kind"] == "train")


@pytest.mark.parametrize(
    ("workers", "words"),
    [(2, []), (1, ["agent.noise=lowrank", "agent.episodes_per_member=2"])],
)
def test_games_learn_the_same_in_two_halves_and_in_worker_processes(
    tmp_path: Path, workers: int, words: list[str]
) -> None:
    whole, summary = finish(tmp_path / "whole", "executor=serial", *words)
    assert whole["generation"] >= 2 and summary["env_steps"] >= 160
    # Two halves in worker processes: neither they nor the pause leave a trace.
    processes = ["executor=process", f"cores={min(workers, len(available_cores()))}", *words]
    finish(tmp_path / "halves", *processes, steps=60)
    halves, again = finish(tmp_path / "halves", *processes)
    assert again["attempts"] == 2 and again["env_steps"] == summary["env_steps"]
    assert halves["theta"].tobytes() == whole["theta"].tobytes()
    assert halves["reference"].tobytes() == whole["reference"].tobytes()
    assert halves["generation"] == whole["generation"]
