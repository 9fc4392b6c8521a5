"""Evolution strategies by hand, on a quadratic, and the same wherever its blocks run."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlbench.agents.es.agent import ES, ESSettings
from rlbench.agents.es.gradient import SGD, Adam, centred_ranks, pair_weights
from rlbench.agents.es.population import Generation, block_noise, evaluate_blocks, weigh_block
from rlbench.agents.es.statistics import ObservationStatistics
from rlbench.checking import check
from rlbench.envs.family import EnvPlan
from rlbench.envs.make import plan_env
from rlbench.errors import ConfigError
from rlbench.executors.base import LaneWorker
from rlbench.interfaces import Array
from rlbench.nets.heads import native_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings
from support.agents import build_es

COUNTING = "probe_envs:Counting-v0"


def test_centred_ranks_by_hand() -> None:
    assert centred_ranks(np.array([[10.0, 30.0], [20.0, 40.0]])).tolist() == [
        [-0.5, pytest.approx(1 / 6)],
        [pytest.approx(-1 / 6), 0.5],
    ]
    # Two of four are equal: they share rank 2.5 of 1..4, that is (1.5 / 3) - 0.5 = 0.
    assert centred_ranks(np.array([1.0, 2.0, 2.0, 3.0])).tolist() == [-0.5, 0.0, 0.0, 0.5]
    assert centred_ranks(np.array([1.0, np.nan, 3.0])).tolist() == [0.0, -0.5, 0.5]


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(2)),
                  elements=st.floats(-1e6, 1e6)))  # fmt: skip
def test_ranks_sum_to_zero_and_ties_weigh_nothing(returns: Array) -> None:
    ranks = centred_ranks(returns)
    assert abs(ranks.sum()) < 1e-4 and np.abs(ranks).max() <= 0.5
    order = np.argsort(returns.ravel(), kind="stable")
    assert (np.diff(ranks.ravel()[order]) >= 0).all()
    tied = np.full_like(returns, 3.0)
    assert not pair_weights(tied).any()


def test_pair_weights_by_hand() -> None:
    weights = pair_weights(np.array([[3.0, 1.0], [0.0, 2.0]]))
    # Ranks 3, 1, 0, 2 of 3: 0.5, -1/6, -0.5, 1/6; differences 2/3 and -2/3; over 4 members.
    assert weights.tolist() == [pytest.approx(1 / 6), pytest.approx(-1 / 6)]


def test_adam_by_hand() -> None:
    adam = Adam.zero(2, 0.1)
    gradient = np.array([1.0, -4.0], np.float32)
    # The first step is the learning rate in the gradient's direction, whatever its size.
    assert adam.step(gradient) == pytest.approx([0.1, -0.1], rel=1e-4)
    # m = 0.9 * 0.1 g + 0.1 * 0 = 0.09 g; v = 0.999 * 0.001 g^2; corrections 0.19 and 0.001999.
    expected = 0.1 * (0.09 / 0.19) / np.sqrt(0.000999 / 0.001999)
    assert adam.step(np.zeros(2, np.float32)) == pytest.approx([expected, -expected], rel=1e-4)


def test_sgd_by_hand() -> None:
    # As in the authors' optimizers.py: v = 0.9 v + 0.1 g, so 0.2, then 0.18 - 0.4 = -0.22.
    sgd = SGD.zero(1, 0.5)
    assert sgd.step(np.array([2.0], np.float32)) == pytest.approx([0.1])
    assert sgd.step(np.array([-4.0], np.float32)) == pytest.approx([-0.11])
    # A gradient that stays the same comes to steps of the learning rate times it.
    steps = [sgd.step(np.array([3.0], np.float32))[0] for _ in range(200)]
    assert steps[-1] == pytest.approx(1.5)


def test_equal_returns_weigh_nothing_and_momentum_goes_on() -> None:
    theta, adam = np.zeros(3, np.float32), Adam.zero(3, 0.1)
    theta = theta + adam.step(np.ones(3, np.float32))
    weights = pair_weights(np.full((4, 2), 7.0))
    assert not weights.any()
    assert (adam.step(weights @ np.ones((4, 3), np.float32)) > 0.05).all()


def test_the_estimate_points_up_a_quadratic() -> None:
    """On f(x) = -|x - target|^2 the mirrored estimate without ranks is 2 sigma (target - x) in
    expectation; with ranks its direction is what counts."""
    rng = np.random.default_rng(0)
    theta, target, sigma = np.zeros(20), rng.standard_normal(20), 0.02
    noise = rng.standard_normal((5000, 20))
    scores = [-np.square(theta + s * sigma * noise - target).sum(axis=1) for s in (1, -1)]
    estimate = pair_weights(np.stack(scores, axis=1)) @ noise
    cosine = estimate @ target / np.linalg.norm(estimate) / np.linalg.norm(target)
    assert cosine > 0.98


def test_a_quadratic_is_climbed_by_steps_of_adam() -> None:
    rng = np.random.default_rng(0)
    theta, target, adam = np.zeros(10, np.float32), rng.standard_normal(10), Adam.zero(10, 0.05)
    for _ in range(200):
        noise = rng.standard_normal((20, 10)).astype(np.float32)
        scores = [-np.square(theta + s * 0.1 * noise - target).sum(axis=1) for s in (1, -1)]
        theta = theta + adam.step(pair_weights(np.stack(scores, axis=1)) @ noise)
    assert np.abs(theta - target).max() < 0.15


def generation(plan: EnvPlan, block_pairs: int, **changes: Any) -> Generation:
    network = MLP(plan.facts.observation_size, (8,), 2)
    values = {
        "number": 4,
        "theta": network.initial(np.random.default_rng(0)),
        "sigma": 0.5,
        "pairs": 7,
        "block_pairs": block_pairs,
        "episodes_per_member": 2,
        "pair_shares_episodes": False,
        "action_noise": 0.0,
        "obs_mean": np.zeros(3, np.float32),
        "obs_std": np.ones(3, np.float32),
        "network": network,
        "head": native_head(plan.facts.action),
        "seeds": Seeds(9),
    }
    return Generation(**(values | changes))


def play(worker: LaneWorker, shared: Generation, *, together: int = 1) -> list[Any]:
    """The results of all tasks of a generation, `together` blocks a task."""
    shared = dataclasses.replace(shared, task_blocks=together)
    return [evaluate_blocks(worker, shared, blocks) for blocks in shared.tasks]


def test_a_member_is_played_as_its_policy_would_be_alone() -> None:
    """Block by block against one plain loop per member: noise, seeds, normalisation, returns."""
    plan = plan_env(EnvSettings(id=COUNTING))
    shared = generation(plan, 3, obs_mean=np.full(3, 0.2, np.float32))
    worker = LaneWorker(plan)
    env_steps = 0
    for block, result in enumerate(play(worker, shared)):
        noise = block_noise(LaneWorker(plan), shared, block)
        for row, pair in enumerate(shared.block(block)):
            for mirror, sign in enumerate((1, -1)):
                total, squares, count = np.zeros(3), np.zeros(3), 0
                parameters = shared.theta + np.float32(sign) * (np.float32(0.5) * noise[row])
                policy = NetworkPolicy(
                    shared.network, shared.head, parameters, shared.obs_mean, shared.obs_std
                )
                returns = []
                for episode in range(2):
                    lanes = plan.lanes(1)
                    seed = shared.seeds.child("episodes").episode_seed(4, pair, mirror, episode)
                    obs, ended, score = lanes.reset(np.array([0]), np.array([seed])), False, 0.0
                    while not ended:
                        total, squares = total + obs[0], squares + np.square(obs[0])
                        count += 1
                        action = policy.act(obs, np.random.default_rng())
                        obs, rewards, terminated, truncated = lanes.step(np.array([0]), action)
                        score, ended = score + rewards[0], terminated[0] or truncated[0]
                    returns.append(score)
                member = 2 * row + mirror
                assert result.returns[member] == np.mean(returns)
                assert result.obs_sums[0][member] == pytest.approx(total, rel=1e-5)
                assert result.obs_sums[1][member] == pytest.approx(squares, rel=1e-5)
                assert result.obs_sums[2][member] == count
        assert result.obs_sums[2].sum() == result.env_steps
        env_steps += result.env_steps
    assert worker.counts().env_steps == env_steps


def test_blocks_do_not_change_returns_or_gradient() -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    outcomes = []
    for block_pairs in (1, 3, 7):
        shared, worker = generation(plan, block_pairs), LaneWorker(plan)
        returns = np.concatenate([result.returns for result in play(worker, shared)])
        weights = pair_weights(returns.reshape(-1, 2))
        gradient = sum(weigh_block(worker, shared, weights, b) for b in range(shared.num_blocks))
        outcomes.append((returns, gradient))
    for returns, gradient in outcomes[1:]:
        assert np.array_equal(returns, outcomes[0][0])
        assert gradient == pytest.approx(outcomes[0][1], abs=1e-6)


@pytest.mark.parametrize("episodes", [1, 2])
def test_blocks_played_together_are_the_same_to_the_byte(episodes: int) -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    shared = generation(plan, 2, episodes_per_member=episodes)
    apart = play(LaneWorker(plan), shared)
    for together in (2, 4):
        joined = play(LaneWorker(plan), shared, together=together)
        assert len(joined) < len(apart)
        for get in (
            lambda result: result.returns,
            lambda result: result.obs_sums[0],
            lambda result: result.obs_sums[1],
            lambda result: result.obs_sums[2],
        ):
            one, other = (np.concatenate([get(r) for r in results]) for results in (apart, joined))
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("episodes", [1, 2])
@pytest.mark.parametrize("cap", [None, 9])
def test_members_that_wait_for_a_slot_are_played_the_same_to_the_byte(
    episodes: int, cap: int | None
) -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    results = []
    for lanes in (None, 4, 6, 1):
        shared = generation(
            plan, 7, episodes_per_member=episodes, episode_cap=cap, lock_step_lanes=lanes
        )
        worker = LaneWorker(plan)
        (result,) = play(worker, shared)
        assert worker.counts().env_steps == result.env_steps
        results.append(result)
    assert [shared.slots(14), generation(plan, 7, lock_step_lanes=4).slots(14)] == [1, 2]
    first = results[0]
    assert (first.capped > 0) == (cap is not None) and len(set(first.obs_sums[2])) > 1
    for result in results[1:]:
        assert result.returns.tobytes() == first.returns.tobytes()
        assert (result.env_steps, result.capped) == (first.env_steps, first.capped)
        for one, other in zip(result.obs_sums, first.obs_sums, strict=True):
            assert one.tobytes() == other.tobytes()


def test_tied_members_all_play_at_once() -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    for changes in ({"action_noise": 0.1}, {"rank": 1}):
        assert generation(plan, 7, lock_step_lanes=4, **changes).slots(14) == 14


def test_tasks_are_as_few_as_workers_and_lanes_allow() -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    shared = generation(plan, 4, pairs=40, episodes_per_member=1)  # 10 blocks of 8 lanes
    assert shared.shared_by(1).tasks == [range(0, 8), range(8, 10)]  # at most 64 lanes
    assert shared.shared_by(2).tasks == [range(0, 5), range(5, 10)]
    assert shared.shared_by(20).tasks == [range(b, b + 1) for b in range(10)]
    # Where few play at a time, four turns: 4 x 20 lanes, and no fewer than 64.
    many = generation(plan, 4, pairs=40, episodes_per_member=1, lock_step_lanes=20)
    assert many.shared_by(1).tasks == [range(0, 10)]
    few = generation(plan, 4, pairs=40, episodes_per_member=1, lock_step_lanes=2)
    assert few.shared_by(1).tasks == [range(0, 8), range(8, 10)]
    noisy = generation(plan, 4, pairs=40, episodes_per_member=1, action_noise=0.1)
    assert len(noisy.shared_by(1).tasks) == 10


def test_a_pair_can_share_its_episodes() -> None:
    plan = plan_env(EnvSettings(id=COUNTING))
    shared = generation(plan, 7, pair_shares_episodes=True, sigma=1e-9)
    returns = play(LaneWorker(plan), shared)[0].returns
    assert np.array_equal(returns[::2], returns[1::2])
    apart = generation(plan, 7, pair_shares_episodes=False, sigma=1e-9)
    returns = play(LaneWorker(plan), apart)[0].returns
    assert not np.array_equal(returns[::2], returns[1::2])


def test_a_generation_cut_short_is_thrown_away_and_its_steps_counted() -> None:
    # It is asked before each of 32 perturbations of a task, and before each step.
    answers = iter([False] * (32 + 14 + 32 + 7) + [True])
    es, resources = build_es(
        COUNTING, should_stop=lambda: next(answers), population=160, block_members=32
    )
    before = es.get_state()
    es.advance(1)
    after = es.get_state()
    assert after["generation"] == 0 and np.array_equal(after["theta"], before["theta"])
    # A task has 64 lanes, and an episode at most 14 steps: it ends in the second of three tasks.
    counts = resources.counts()
    assert 64 <= counts.episodes < 128 and counts.env_steps > 700


def test_memory_is_estimated_beforehand() -> None:
    def memory_bytes(env: str, **settings: Any) -> float:
        facts = plan_env(EnvSettings(id=env)).facts
        asked = {"workers": 2}
        return ES.memory_mb(facts, ESSettings(**settings), **asked) * 2**20

    # 4 -> 2 -> 2: 16 parameters of 4 bytes, five times; for each of two workers, the noise and
    # both members of all 10 pairs, these a second time in the stack, and half of the noise again
    # in its cache. Beside them the lanes with what goes into the layers and comes out, and results.
    def lanes(number: int, size: int, widest: int, bytes_each: int) -> int:
        return 2 * number * (2 * 4 * (size + widest) + bytes_each)

    small = memory_bytes("CartPole-v1", hidden=[2], population=20)
    assert small == pytest.approx(
        4 * 16 * (5 + 2 * (5 * 10 + 10 / 2)) + lanes(20, 4, 2, 164) + 100 * 20
    )
    # Of 1,000 pairs a task has no more than 32 (64 lanes).
    large = memory_bytes("CartPole-v1", hidden=[2], population=2000, block_members=8)
    assert large == pytest.approx(
        4 * 16 * (5 + 2 * (5 * 32 + 1000 / 2)) + lanes(64, 4, 2, 164) + 100 * 2000
    )
    # On frames 8 members of 677,000 parameters and the noise of their pairs, and the full cache.
    frames = memory_bytes("ALE/Pong-v5", population=400, episodes_per_member=1)
    n = 16 * 4 * 64 + 16 + 32 * 16 * 16 + 32 + 9 * 9 * 32 * 256 + 256 + 256 * 6 + 6
    stack = 4 * 84 * 84
    reference = 2 * 4 * 128 * (stack + 2 * 20 * 20 * 16)
    assert frames == pytest.approx(
        4 * n * (5 + 2 * 3 * 4) + 2 * 64 * 2**20
        + lanes(8, stack, 256, 1_000_000 + 16 * stack) + reference + 100 * 400
    )  # fmt: skip
    lowrank = memory_bytes("ALE/Pong-v5", population=400, noise="lowrank")
    assert lowrank < frames / 2


@pytest.mark.parametrize(("population", "workers", "tasks"), [(32, 2, 2), (32, 4, 4), (64, 8, 8)])
def test_a_small_population_has_work_for_all_cores(
    population: int, workers: int, tasks: int
) -> None:
    es, _ = build_es(COUNTING, population=population)
    shares = es._this_generation().shared_by(workers).tasks
    assert len(shares) == tasks
    members = [sum(len(es._this_generation().block(b)) for b in share) * 2 for share in shares]
    assert members == [population // workers] * tasks


@pytest.mark.parametrize("tied", [{"noise": "lowrank"}, {"action_noise": 0.1}])
@pytest.mark.parametrize(
    ("population", "blocks"),
    # 8 members at least and 32 at most; between them an eighth of the population.
    [
        (4, [4]),
        (20, [8, 8, 4]),
        (32, [8] * 4),
        (64, [8] * 8),
        (128, [16] * 8),
        (1000, [32] * 31 + [8]),
    ],
)
def test_tied_members_come_in_blocks_for_many_cores_that_no_number_of_cores_changes(
    tied: dict[str, Any], population: int, blocks: list[int]
) -> None:
    es, _ = build_es("Pendulum-v1", population=population, **tied)
    whole = es._this_generation()
    for workers in (1, 2, 16):
        shared = whole.shared_by(workers)
        members = [2 * len(shared.block(block)) for task in shared.tasks for block in task]
        assert members == blocks and len(shared.tasks) == len(blocks)


def test_statistics_are_those_of_all_observations() -> None:
    statistics = ObservationStatistics.empty(2, 0.01)
    rng = np.random.default_rng(0)
    parts = [rng.normal([1, -2], [3, 0.5], (n, 2)) for n in (4000, 6000)]
    for part in parts:
        statistics.add(part.sum(axis=0), np.square(part).sum(axis=0), len(part))
    mean, std = statistics.mean_std()
    everything = np.concatenate(parts)
    assert mean == pytest.approx(everything.mean(axis=0), abs=1e-3)
    assert std == pytest.approx(everything.std(axis=0), rel=1e-3)


def test_deviations_have_a_floor_that_is_a_setting() -> None:
    stds = []
    for floor in (0.01, 0.1):
        es, _ = build_es(
            COUNTING, population=4, normalize_observations=True, observation_std_floor=floor
        )
        es._statistics.add(np.array([0.0, 5e3, 0.0]), np.array([0.0, 2525.0, 1e4]), 10_000)
        resumed, _ = build_es(
            COUNTING, population=4, normalize_observations=True, observation_std_floor=floor
        )
        resumed.set_state(es.get_state())
        stds.append(resumed.policy().obs_std)
        assert stds[-1].tolist() == es.policy().obs_std.tolist()
    # Means 0, 0.5, 0; variances 0, 0.2525 - 0.25 = 0.0025, 1.
    assert stds[0] == pytest.approx([0.01, 0.05, 1.0], rel=0.02)
    assert stds[1] == pytest.approx([0.1, 0.1, 1.0], rel=0.02)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"population": 7}, "agent.population: got 7; takes an even number"),
        ({"sigma": -0.1}, "agent.sigma: got -0.1; takes a number above 0"),
        ({"hidden": [64, 0]}, "agent.hidden"),
        ({"sigmaa": 1}, "agent.sigmaa: there is no such key"),
        ({"optimizer": "lion"}, "agent.optimizer: got 'lion'; takes adam or sgd"),
    ],
)
def test_bad_settings_are_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(ESSettings, params, "agent")
    assert message in str(caught.value)


@pytest.mark.parametrize("env_id", ["probe_envs:Mixed-v0", "Pendulum-v1"])
def test_multi_discrete_and_box_actions(env_id: str) -> None:
    plan = plan_env(EnvSettings(id=env_id, max_episode_steps=12))
    es, _ = build_es(plan, population=4, action_noise=0.1)
    es.advance(1)
    binned, _ = build_es(plan, population=4, bins=3)
    binned.advance(1)
    obs = np.zeros((2, es.policy().network.inputs), np.float32)
    action = binned.policy().act(obs, np.random.default_rng())
    if env_id == "Pendulum-v1":
        assert set(action.ravel()) <= {-2.0, 0.0, 2.0} and action.shape == (2, 1)
    else:
        assert action.shape == (2, 2)
