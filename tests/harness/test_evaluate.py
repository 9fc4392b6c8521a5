"""The evaluation plays the episodes it is asked for, however many lanes it has."""

import itertools
from collections.abc import Callable

import gymnasium as gym
import numpy as np
import pytest

from rlbench.agents.random import UniformPolicy
from rlbench.envs.family import EnvPlan, EvalSchedule
from rlbench.envs.make import plan_env
from rlbench.executors.process import ProcessExecutor
from rlbench.executors.serial import SerialExecutor
from rlbench.harness.evaluate import Evaluation, evaluate, schedule, settled_after
from rlbench.harness.evaluator import Evaluator, worth_processes
from rlbench.harness.judge import confirmation_note
from rlbench.interfaces import Array, Policy
from rlbench.nets.heads import native_head
from rlbench.nets.mlp import MLP
from rlbench.nets.policy import NetworkPolicy
from rlbench.seeding import Seeds
from rlbench.settings import EnvSettings, EvalSettings

SEEDS = Seeds(5).child("evaluation")


class LeanRight:
    """CartPole: push to where the pole leans."""

    def act(self, obs: Array, rng: np.random.Generator) -> Array:
        return (obs[:, 2] > 0).astype(np.int64)


def play(seed: int) -> tuple[float, int, bool]:
    env, total, steps = gym.make("CartPole-v1"), 0.0, 0
    obs, _ = env.reset(seed=seed)
    while True:
        obs, reward, terminated, truncated, _ = env.step(int(obs[2] > 0))
        total, steps = total + reward, steps + 1
        if terminated or truncated:
            return total, steps, truncated


@pytest.mark.parametrize("num_lanes", [1, 3, 8, 20])
def test_returns_lengths_and_truncation_are_those_of_single_episodes(num_lanes: int) -> None:
    seeds = Seeds(5).child("evaluation")
    lanes = plan_env(EnvSettings(id="CartPole-v1")).lanes(num_lanes, 40)
    result = evaluate(LeanRight(), lanes, range(8), seeds)
    env = [play(seeds.episode_seed(i)) for i in range(8)]
    cut = [min(steps, 40) for _, steps, _ in env]
    assert result.lengths.tolist() == cut
    assert result.returns.tolist() == [float(n) for n in cut]
    assert result.truncated.tolist() == [steps > 40 for _, steps, _ in env]
    assert result.return_mean == np.mean(cut)
    assert lanes.counts.env_steps == sum(cut) and lanes.counts.episodes == 8


def network_policy(plan: EnvPlan) -> NetworkPolicy:
    head = native_head(plan.facts.action)
    network = MLP(plan.facts.observation_size, (32, 32), head.size)
    return NetworkPolicy(network, head, network.initial(np.random.default_rng(0)))


def uniform_policy(plan: EnvPlan) -> UniformPolicy:
    return UniformPolicy(plan.facts.action)


def equal(a: Evaluation, b: Evaluation) -> bool:
    return all(map(np.array_equal, vars(a).values(), vars(b).values()))


@pytest.mark.parametrize("make_policy", [network_policy, uniform_policy])
@pytest.mark.parametrize("env_id", ["CartPole-v1", "LunarLander-v3"])
def test_an_episode_depends_on_the_policy_and_its_seed_alone(
    env_id: str, make_policy: Callable[[EnvPlan], Policy]
) -> None:
    plan = plan_env(EnvSettings(id=env_id))
    policy = make_policy(plan)
    whole = evaluate(policy, plan.lanes(9, 150), range(9), SEEDS)
    assert len(set(whole.lengths.tolist())) > 1
    for lanes, numbers in [(1, range(9)), (4, range(4)), (5, range(4, 9)), (3, [8, 2, 5])]:
        part = evaluate(policy, plan.lanes(lanes, 150), numbers, SEEDS)
        expected = Evaluation(*(column[list(numbers)] for column in vars(whole).values()))
        assert equal(part, expected), (lanes, numbers)


def test_workers_decide_nothing() -> None:
    plan, settings = plan_env(EnvSettings(id="LunarLander-v3")), EvalSettings(episodes=7)
    policy = network_policy(plan)
    alone = SerialExecutor(plan)
    expected = Evaluator(plan, 150, settings, alone).play(policy, 7, SEEDS)
    assert equal(expected, evaluate(policy, plan.lanes(7, 150), range(7), SEEDS))
    executor = ProcessExecutor(plan, 3)
    evaluator = Evaluator(plan, 150, settings, executor)
    evaluator.build()
    assert equal(evaluator.play(policy, 7, SEEDS), expected)
    assert executor.counts().env_steps == 0  # no training
    evaluator.close()
    executor.close()


def test_a_policy_that_cannot_be_pickled_is_played_here() -> None:
    class Here(UniformPolicy):  # of a function, so that no other process could find it
        pass

    plan, settings = plan_env(EnvSettings(id="LunarLander-v3")), EvalSettings(episodes=2)
    executor = ProcessExecutor(plan, 2)
    evaluator = Evaluator(plan, 150, settings, executor)
    expected = evaluate(uniform_policy(plan), plan.lanes(2, 150), range(2), SEEDS)
    assert equal(evaluator.play(Here(plan.facts.action), 2, SEEDS), expected)
    evaluator.close()
    executor.close()


def test_what_is_enough_ends_an_evaluation_at_the_same_episode_however_it_is_shared_out() -> None:
    plan = plan_env(EnvSettings(id="LunarLander-v3"))
    policy, asked = uniform_policy(plan), []

    def enough(played: Evaluation) -> int | None:
        asked.append(len(played.returns))
        return 4 if len(played.returns) >= 4 else None

    whole = evaluate(policy, plan.lanes(3, 150), range(9), SEEDS)
    for episodes in (1, 3, 9):  # of an evaluation: so many are a task
        evaluator = Evaluator(plan, 150, EvalSettings(episodes=episodes), SerialExecutor(plan))
        assert equal(evaluator.play(policy, 9, SEEDS, enough), whole.first(4))
    assert asked == [1, 2, 3, 4, 3, 6, 9]


def test_processes_are_started_for_evaluations_that_may_take_long() -> None:
    for env_id, cap, worth in [
        ("CartPole-v1", 500, False),  # in arrays
        ("MountainCar-v0", 200, False),
        ("Acrobot-v1", 500, True),
    ]:
        assert worth_processes(plan_env(EnvSettings(id=env_id)), 20, cap) is worth


def test_an_outcome_is_settled_by_what_the_other_episodes_can_still_add() -> None:
    returns, bounds = np.array([10.0, 4.0, 0.0, 0.0, 0.0]), (0.0, 10.0)
    # Of 5 episodes a mean of 5 needs 25: after 10 + 4 + 0 + 0 the last one cannot bring 11.
    assert settled_after(returns, 5, 5.0, bounds) == 4
    assert settled_after(returns[:3], 5, 5.0, bounds) is None
    # A mean of 2 needs 10, which the first episode has, as none can take any of it away.
    assert settled_after(returns, 5, 2.0, bounds) == 1
    assert settled_after(returns, 5, 2.0, (-1.0, 10.0)) == 2
    # All 5 settle it at the latest; the threshold itself is enough.
    assert settled_after(np.full(5, 5.0), 5, 5.0, bounds) == 5
    assert settled_after(np.full(4, 5.0), 5, 5.0, bounds) is None


@pytest.mark.parametrize("threshold", [2.5, 3.0, 3.5])
def test_settled_early_or_not_the_outcome_is_that_of_all_episodes(threshold: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        returns = rng.integers(1, 6, size=20).astype(float)
        number = settled_after(returns, 20, threshold, (1.0, 5.0))
        assert number is not None
        assert (returns[:number].mean() >= threshold) == (returns.mean() >= threshold)


def test_a_confirmation_that_ended_early_says_why_it_has_fewer_episodes() -> None:
    played = Evaluation(np.full(3, 482.8), np.full(3, 483), np.zeros(3, np.bool_))
    assert confirmation_note(played, 475.0, 3) == " | confirmed: 482.8 over 3 fresh episodes"
    assert confirmation_note(played, 490.0, 5) == (
        " | not confirmed: 482.8 over 3 of 5 fresh episodes; the rest cannot change it"
    )


def test_schedule_grows_by_the_factor_and_then_stays_even() -> None:
    def points(first_steps: int, growth: float, every_steps: int, number: int) -> list[int]:
        asked = EvalSchedule(first_steps, growth, every_steps)
        return list(itertools.islice(schedule(asked), number))

    assert points(1000, 1.1, 500, 8) == [0, 500, 550, 605, 666, 732, 805, 886]
    assert points(1000, 1.5, 700, 7) == [0, 700, 1050, 1575, 2275, 2975, 3675]
    # The gap never falls below one step, or the schedule would stand still.
    assert points(1, 1.1, 100, 5) == [0, 1, 2, 3, 4]
