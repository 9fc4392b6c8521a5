"""The algorithms of Stable-Baselines3 as agents: the contract, and the same as without rlbench."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")

import torch
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rlbench.agents.sb3.arguments import algorithm_class, arguments
from rlbench.agents.sb3.settings import SB3Settings
from rlbench.config.compose import compose
from rlbench.errors import ConfigError, RunError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.nets.conv import ConvNet
from rlbench.testing import check_agent, first_difference
from rlbench.testing.states import through_checkpoint
from support.sb3_agents import (
    ENVS,
    SMALL,
    SameEpisodes,
    agent,
    learn_alone,
    model_of,
    model_seed,
    parameters,
    settings,
)

LOOPS = {"A2C": 300, "PPO": 300, "TRPO": 300, "DQN": 240, "SAC": 120, "TD3": 120}


@pytest.mark.parametrize("algorithm", SMALL)
def test_every_algorithm_keeps_the_rules(algorithm: str) -> None:
    made = settings(algorithm).model_dump(mode="json")
    check_agent("sb3", ENVS[algorithm], settings=made, env_steps=240)


@pytest.mark.parametrize("algorithm", ["A2C", "PPO", "TRPO"])
@pytest.mark.parametrize("env", ["Pendulum-v1", "FrozenLake-v1", "probe_envs:Mixed-v0"])
def test_other_spaces_keep_the_rules(algorithm: str, env: str) -> None:
    made = settings(algorithm, normalize_observations=True, normalize_rewards=True)
    check_agent("sb3", env, settings=made.model_dump(mode="json"), env_steps=240)


@pytest.mark.parametrize(
    ("algorithm", "values"),
    [
        ("SAC", {"kwargs": {"use_sde": True, "n_steps": 3}, "normalize_observations": True}),
        ("TD3", {"kwargs": {"action_noise": {"kind": "ornstein-uhlenbeck", "sigma": 0.5}}}),
        ("PPO", {"kwargs": {"use_sde": True, "sde_sample_freq": 4}}),
        ("A2C", {"kwargs": {"policy_kwargs": {"optimizer_class": "RMSpropTFLike"}}}),
        ("ARS", {"normalize_observations": True, "num_lanes": 1, "policy": "LinearPolicy"}),
    ],
)
def test_what_else_has_a_state_keeps_the_rules(algorithm: str, values: dict[str, Any]) -> None:
    made = settings(algorithm, **values).model_dump(mode="json")
    check_agent("sb3", "Pendulum-v1", settings=made, env_steps=240)


@pytest.mark.parametrize("algorithm", LOOPS)
@pytest.mark.parametrize("normalize", [False, True])
def test_it_learns_what_stable_baselines_learns(algorithm: str, normalize: bool) -> None:
    """The same parameters, to the bit, as `learn` on environments of its own: truncated episodes
    (Pendulum) and terminated ones (CartPole) among them."""
    env, steps = ENVS[algorithm], LOOPS[algorithm]
    made = settings(
        algorithm, schedule_steps=steps, normalize_observations=normalize,
        normalize_rewards=normalize,
    )  # fmt: skip
    lanes: Any = DummyVecEnv([lambda lane=lane: SameEpisodes(env, lane) for lane in range(2)])
    if normalize:
        lanes = VecNormalize(lanes)
    kind = algorithm_class(algorithm)
    given = arguments(kind, made.chosen.kwargs, 1)
    torch.set_num_threads(1)
    own = kind("MlpPolicy", lanes, seed=model_seed(), device="cpu", **given)
    learn_alone(own, steps)
    with agent(made, env) as ours:
        ours.advance(steps)
        model = model_of(ours)
        assert (model.num_timesteps, model._n_updates) == (own.num_timesteps, own._n_updates)
        assert own._n_updates > 3
        assert first_difference(parameters(model), parameters(own)) is None


def test_a_rollout_that_ends_at_a_time_limit_is_learned_from_as_stable_baselines_does() -> None:
    """Pendulum never terminates, so that each end here is a time limit."""
    made = settings("PPO", kwargs={"n_steps": 250, "batch_size": 50})
    lanes = DummyVecEnv([lambda lane=lane: SameEpisodes("Pendulum-v1", lane) for lane in range(2)])
    kind = algorithm_class("PPO")
    own: Any = kind("MlpPolicy", lanes, seed=model_seed(), **arguments(kind, made.chosen.kwargs, 1))
    learn_alone(own, 500)
    with agent(made, "Pendulum-v1") as ours:
        ours.advance(500)
        rollout = model_of(ours).rollout_buffer
        assert rollout.rewards.tobytes() == own.rollout_buffer.rewards.tobytes()
        assert first_difference(parameters(model_of(ours)), parameters(own)) is None


@pytest.mark.parametrize("algorithm", SMALL)
def test_the_policy_acts_as_stable_baselines_evaluates(algorithm: str) -> None:
    env = ENVS[algorithm]
    made = settings(algorithm, normalize_observations=algorithm in ("PPO", "TQC"))
    with agent(made, env) as ours:
        ours.advance(240)
        model, generator = model_of(ours), torch.Generator().manual_seed(0)
        with torch.no_grad():  # a policy that takes every action
            for parameter in model.policy.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        policy = ours.policy()
        size = model.observation_space.shape[0]
        obs = np.random.default_rng(0).normal(0, 2, (200, size)).astype(np.float32)
        normal = model.get_vec_normalize_env()
        seen = obs if normal is None else normal.normalize_obs(obs)
        theirs, _ = model.predict(seen, deterministic=True)
        mine = policy.act(obs, np.random.default_rng(0))
        assert mine.shape == theirs.shape and len(np.unique(theirs)) > 1
        if env == "CartPole-v1":
            assert (mine != theirs).sum() <= 1  # equal but for rounding
        else:
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
        again = type(policy).from_arrays(dict(policy.arrays()))
        assert again.act(obs, np.random.default_rng(0)).tobytes() == mine.tobytes()


@pytest.mark.parametrize(
    ("algorithm", "network"),
    [("PPO", "nature"), ("DQN", "auto"), ("QRDQN", "auto"), ("PPO", "a3c"), ("DQN", "a3c")],
)
def test_the_policy_on_frames_acts_as_stable_baselines_evaluates(
    algorithm: str, network: str
) -> None:
    kwargs = {"policy_kwargs": {}} if algorithm != "PPO" else {}
    made = settings(algorithm, kwargs=kwargs, network=network)
    with agent(made, "ALE/Pong-v5") as ours:
        model, policy = model_of(ours), ours.policy()
        obs = np.random.default_rng(0).integers(0, 256, (20, 4, 84, 84), np.uint8)
        seen = torch.as_tensor(obs)
        with torch.no_grad():
            if algorithm == "PPO":
                theirs = model.policy.get_distribution(seen).distribution.logits
            elif algorithm == "DQN":
                theirs = model.q_net(seen)
            else:
                theirs = model.policy.quantile_net(seen).mean(dim=1)
        assert isinstance(policy.network, ConvNet)
        filters, hidden = ((16, 32), 256) if network == "a3c" else ((32, 64, 64), 512)
        assert tuple(conv[0] for conv in policy.network.convs) == filters
        assert policy.network.hidden == (hidden,)
        outputs = policy.outputs(obs)
        if algorithm == "PPO":  # logits there are normalised
            outputs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(outputs, theirs.numpy(), atol=1e-5)


def test_going_on_needs_what_was_saved_and_an_environment_that_repeats_itself() -> None:
    made = settings("DQN")
    with agent(made, "CartPole-v1") as ours:
        ours.advance(160)
        half = through_checkpoint(ours.get_state())
        ours.advance(200)
        whole = through_checkpoint(ours.get_state())
    with agent(made, "CartPole-v1") as ours:
        ours.set_state(half)
        assert model_of(ours).replay_buffer.pos == 80 - 75  # 75 rows of 2 lanes
        ours.advance(200)
        assert first_difference(whole, through_checkpoint(ours.get_state())) is None
    half["lanes"]["digest"] = "another"
    with agent(made, "CartPole-v1") as ours, pytest.raises(RunError, match="is not where it was"):
        ours.set_state(half)


@pytest.mark.parametrize(
    ("algorithm", "last"), [("A2C", 30), ("PPO", 30), ("TRPO", 30), ("ARS", 30)]
)
def test_a_rollout_that_is_cut_short_at_its_last_step_leaves_no_trace(
    algorithm: str, last: int
) -> None:
    """PyTorch's generators are put back; NumPy's need not be, as no rollout draws from them."""
    made = settings(algorithm, kwargs={} if algorithm == "ARS" else {"n_steps": 16})
    with agent(made, ENVS[algorithm], stop_at=last) as ours:
        before = through_checkpoint(ours.get_state())
        ours.advance(100)
        assert first_difference(before, through_checkpoint(ours.get_state())) is None


def test_a_rollout_of_a_few_steps_is_finished_and_learned_from() -> None:
    with agent(settings("A2C", kwargs={"n_steps": 8}), "CartPole-v1", stop_at=3) as ours:
        assert ours.advance(100)["updates"] == 1
        assert model_of(ours).num_timesteps == 16
        assert ours.get_state()["env_steps"] == 16


def test_schedules_stay_where_they_end() -> None:
    made = settings("PPO", schedule_steps=64, kwargs={"learning_rate": "lin_0.01"})
    with agent(made, "CartPole-v1") as ours:
        ours.advance(32)
        assert model_of(ours).policy.optimizer.param_groups[0]["lr"] == pytest.approx(0.005)
        ours.advance(320)
        assert model_of(ours).policy.optimizer.param_groups[0]["lr"] == 0.0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n_step": 5}, "agent.kwargs.n_step: got 5; takes an argument of PPO: "),
        ({"learning_rate": "lin_x"}, "agent.kwargs.learning_rate: got 'lin_x'; takes a number"),
        ({"gamma": "much"}, "agent.kwargs.gamma: got 'much'; takes a number"),
        ({"n_epochs": 1.5}, "agent.kwargs.n_epochs: got 1.5; takes a whole number"),
        ({"normalize_advantage": 1}, "agent.kwargs.normalize_advantage: got 1; takes true or "),
        ({"policy_kwargs": {"activation_fn": [1]}},
         "agent.kwargs.policy_kwargs.activation_fn: got [1]; takes Tanh, ReLU or ELU"),
        ({"batch_size": 1}, "agent.kwargs: got {'n_steps': 16, "),
        ({"policy_kwargs": {"activation_fn": "GELU"}},
         "agent.kwargs.policy_kwargs.activation_fn: got 'GELU'; takes Tanh, ReLU or ELU"),
        ({"batch_size": 0, "normalize_advantage": False}, "agent.kwargs: got {'n_steps': 16, "),
        ({"policy_kwargs": {"net_archs": [3]}}, "agent.kwargs: got {'n_steps': 16, "),
        ({"policy_kwargs": {"features_extractor_class": "X"}},
         "agent.kwargs.policy_kwargs.features_extractor_class: got 'X'; takes no value here"),
    ],
)  # fmt: skip
def test_arguments_that_are_not_taken(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught, agent(settings("PPO", kwargs=kwargs), "CartPole-v1"):
        pass
    assert str(caught.value).startswith(message)


def test_a2c_as_a3c_begins_as_the_paper_says() -> None:
    """Policy and value share the network, and parameters are uniform in +-1/sqrt(inputs)."""
    made = SB3Settings(**compose(["experiment=a3c_atari"]).agent.params)
    with agent(made.model_copy(update={"num_lanes": 2}), "ALE/Pong-v5") as ours:
        model = model_of(ours)
        sizes = {name: tuple(p.shape) for name, p in model.policy.named_parameters() if p.ndim > 1}
        assert sizes == {
            "features_extractor.cnn.0.weight": (16, 4, 8, 8),
            "features_extractor.cnn.2.weight": (32, 16, 4, 4),
            "features_extractor.linear.0.weight": (256, 32 * 9 * 9),
            "action_net.weight": (6, 256), "value_net.weight": (1, 256),
        }  # fmt: skip
        kernel = model.policy.features_extractor.linear[0].weight.detach().numpy()
        bound = 1 / np.sqrt(32 * 9 * 9)
        assert 0.999 * bound < np.abs(kernel).max() <= bound
        group = model.policy.optimizer.param_groups[0]
        assert (group["lr"], group["alpha"], group["eps"]) == (7e-4, 0.99, 1e-5)
        ours.advance(80)
        assert (model.num_timesteps, model._n_updates) == (80, 8)  # every 5 steps of 2 lanes


def test_noise_is_of_a_kind() -> None:
    made = settings("TD3", kwargs={"action_noise": {"kind": "white"}})
    with pytest.raises(ConfigError) as caught, agent(made, "Pendulum-v1"):
        pass
    takes = "takes {kind: normal or ornstein-uhlenbeck, sigma: NUMBER}"
    assert str(caught.value) == f"agent.kwargs.action_noise: got {{'kind': 'white'}}; {takes}"


def test_a_run_of_it_leaves_its_own_files_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    litter = tmp_path / "tmp"
    litter.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(litter))
    asked = compose(
        [
            "agent=sb3:A2C", "env=CartPole-v1", "budget.env_steps=2000", "cores=1",
            f"results_dir={tmp_path}", "eval.episodes=4", "stop_at_threshold=false",
        ]
    )  # fmt: skip
    assert run(asked) == 0
    assert list(litter.iterdir()) == []
    directory = name_run(asked).directory
    assert directory.is_relative_to(tmp_path / "sb3-A2C" / "CartPole-v1")
    header = json.loads((directory / "run.json").read_text())
    assert header["agent"] == "sb3-A2C" and "torch" in header["packages"]
    rows = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    trained = [row for row in rows if row["kind"] == "train"]
    assert trained[-1]["env_steps"] == 2000 and trained[-1]["scalars"]["updates"] == 2000 // 40
    assert {"policy_loss", "value_loss", "return_train_mean"} <= set(trained[-1]["scalars"])
