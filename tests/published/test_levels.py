"""Published levels against the papers' own numbers."""

import pytest

from rlbench.envs.catalogue import entries
from rlbench.envs.make import plan_env
from rlbench.published import table
from rlbench.published.levels import published_levels
from rlbench.settings import EnvSettings


def test_pong_is_timed_at_parts_of_the_way_from_random_to_human() -> None:
    # Random -20.7, human 14.6 (Wang et al. 2016): -20.7 + 0.5 * 35.3 = -3.05.
    levels = published_levels("ALE/Pong-v5")
    assert levels.threshold == -3.05
    assert levels.levels == pytest.approx((-17.17, -11.88, -3.05, 14.6), abs=0.006)


def test_half_cheetah_is_timed_at_parts_of_trpos_score() -> None:
    levels = published_levels("HalfCheetah-v5")
    assert levels.threshold == 793.55
    assert levels.levels == (-1.35, 793.55, 1589.83, 2385.79)
    assert published_levels("Humanoid-v5").levels == (6000.0,)


@pytest.mark.parametrize("env_id", ["CartPole-v1", "HalfCheetah-v4", "ALE/NoGame-v5", "Ant-v5"])
def test_where_nothing_is_published_there_are_none(env_id: str) -> None:
    assert published_levels(env_id) is None


def test_every_published_game_that_the_wheel_has_is_found() -> None:
    made = {e.id for e in entries() if e.id.startswith("ALE/") and e.id.endswith("-v5")}
    found = {env_id for env_id in made if published_levels(env_id) is not None}
    without = {row["game"] for row in table("human_random")} - {
        env_id[4:-3].lower() for env_id in found
    }
    assert len(found) == len(table("human_random")), sorted(without)


def test_what_the_user_asks_for_wins() -> None:
    plan = plan_env(EnvSettings(id="InvertedPendulum-v5"))
    assert (plan.threshold, plan.levels) == (519.15, (276.59, 519.15, 753.17, 1000.0))
    plan = plan_env(EnvSettings(id="InvertedPendulum-v5", threshold=900.0))
    assert (plan.threshold, plan.levels) == (900.0, (276.59, 519.15, 753.17, 900.0, 1000.0))
    plan = plan_env(EnvSettings(id="InvertedPendulum-v5", levels=(10.0,)))
    assert (plan.threshold, plan.levels) == (519.15, (10.0, 519.15))
