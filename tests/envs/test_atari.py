"""Atari from pixels: goldens, preprocessing against the emulator's own frames, and the lanes."""

import gc
import hashlib
import weakref
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from ale_py import AtariEnv

from rlbench.envs.atari import AtariFamily
from rlbench.envs.atari_games import AtariConditions, native_env
from rlbench.envs.atari_lanes import AtariLanes
from rlbench.envs.atari_start import keep_start
from rlbench.envs.catalogue import entries
from rlbench.envs.make import family_of, plan_env
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Array, Lanes
from rlbench.settings import EnvSettings

PONG, BREAKOUT = "ALE/Pong-v5", "ALE/Breakout-v5"
# SHA-256 of all observations, rewards, ends and lives of `episode_bytes` below, with ale-py 0.12;
# `python tests/envs/test_atari.py` prints them.
GOLDENS = {
    PONG: "c16fcb0008964d7991519401850eedc5e7975b86308142d1f762ab74d07b7ff5",
    BREAKOUT: "b1a1a67629e5e516d9327bfb095e395733ada9af1080a123fd3ef7da528f2933",
}


def lanes_of(
    env_id: str, num_lanes: int = 1, cap: int | None = None, threads: int | None = None, **keys: Any
) -> Lanes:
    return plan_env(EnvSettings(id=env_id, **keys)).lanes(num_lanes, cap, threads)


def play(lanes: Lanes, lane: int, seed: int, actions: Array) -> bytes:
    """Bytes of one lane's episode, until it ends or `actions` do."""
    one = np.array([lane])
    rows = [lanes.reset(one, np.array([seed])).tobytes(), lanes.lives[one].tobytes()]
    for action in actions:
        obs, rewards, terminated, truncated = lanes.step(one, np.array([action]))
        rows += [part.tobytes() for part in (obs, rewards, terminated, truncated, lanes.lives[one])]
        if terminated[0] or truncated[0]:
            break
    return b"".join(rows)


def episode_bytes(env_id: str) -> bytes:
    actions = np.random.default_rng(0).integers(4, size=300)
    return play(lanes_of(env_id), 0, 2**31 - 1, actions)


@pytest.mark.parametrize("env_id", GOLDENS)
def test_goldens(env_id: str) -> None:
    assert hashlib.sha256(episode_bytes(env_id)).hexdigest() == GOLDENS[env_id]


def area(source: int, target: int) -> Array:
    """[target, source]: each target pixel is the mean of the source pixels that it covers."""
    edges = np.arange(target + 1) * (source / target)
    pixel = np.arange(source)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.clip(covered, 0, None) * (target / source)


@pytest.mark.parametrize(("game", "env_id", "seed"), [("pong", PONG, 5), ("breakout", BREAKOUT, 6)])
def test_preprocessing_is_what_the_emulators_frames_amount_to(
    game: str, env_id: str, seed: int
) -> None:
    # The other way: Gymnasium's single environment, one grey frame a step, and NumPy.
    rows, columns = area(210, 84), area(160, 84)
    native = native_env(AtariConditions(game, 4, 0.0, 30, False), 27_000)
    shown, info = native.reset(seed=np.array([seed]))
    single = gym.make(env_id, frameskip=1, repeat_action_probability=0.0, obs_type="grayscale")
    frame, _ = single.reset()
    no_ops = int(info["frame_number"][0])
    assert 0 < no_ops < 30
    for _ in range(no_ops):
        frame = single.step(0)[0]
    stack = [np.zeros((84, 84)), np.zeros((84, 84)), np.zeros((84, 84)), rows @ frame @ columns.T]
    rng = np.random.default_rng(seed)
    for _ in range(200):
        # To the nearest byte: nothing but the rounding differs.
        assert np.abs(shown[0] - np.stack(stack)).max() <= 0.5 + 1e-6
        action = rng.integers(native.single_action_space.n)
        shown, reward, terminated, truncated, info = native.step(np.array([action]))
        frames, total = [], 0.0
        for _ in range(4):
            frame, gained, over, _, given = single.step(action)
            frames.append(frame)
            total += gained
            if over:
                break
        assert (reward[0], terminated[0], truncated[0]) == (total, over, False)
        assert info["lives"][0] == given["lives"]
        if over:  # no agent acts on this one, and the native one shows an older frame in it
            return
        seen = np.maximum(frames[-2], frames[-1])
        stack = [*stack[1:], rows @ seen @ columns.T]


@pytest.mark.parametrize("sticky", [0.0, 0.25])
def test_an_episode_depends_on_its_seed_and_actions_alone(sticky: float) -> None:
    actions = np.random.default_rng(1).integers(4, size=150)
    fresh = play(lanes_of(BREAKOUT, sticky_actions=sticky), 0, 7, actions)
    lanes = lanes_of(BREAKOUT, 3, sticky_actions=sticky)
    assert play(lanes, 1, 7, actions) == fresh
    play(lanes, 1, 8, actions[:40])  # left in the middle
    assert play(lanes, 1, 7, actions) == fresh
    play(lanes, 1, 9, np.resize(actions, 2000))  # to its end
    assert play(lanes, 1, 7, actions) == fresh
    if sticky:  # without them, seeds differ in the number of no-ops only
        assert play(lanes, 1, 8, actions) != fresh


def test_sticky_actions_are_on_unless_turned_off() -> None:
    actions = np.random.default_rng(1).integers(4, size=60)
    episodes = [
        play(lanes_of(BREAKOUT, **keys), 0, 7, actions)
        for keys in ({}, {"sticky_actions": 0.25}, {"sticky_actions": 0.0})
    ]
    assert episodes[0] == episodes[1] != episodes[2]


def test_threads_decide_nothing() -> None:
    plan = plan_env(EnvSettings(id=BREAKOUT))
    every = [plan.lanes(3, threads=threads) for threads in (None, 1, 2)]
    rng = np.random.default_rng(2)
    playing = np.arange(3)
    for lanes in every:
        lanes.reset(playing, playing + 40)
    for t in range(40):
        chosen = np.array([2, 0]) if t % 3 else playing  # any lanes, in any order
        actions = rng.integers(4, size=len(chosen))
        results = [lanes.step(chosen, actions) for lanes in every]
        for other in results[1:]:
            for mine, theirs in zip(results[0], other, strict=True):
                assert mine.dtype == theirs.dtype and np.array_equal(mine, theirs)
        assert all(np.array_equal(lanes.lives, every[0].lives) for lanes in every)
    assert {lanes.counts.env_steps for lanes in every} == {14 * 3 + 26 * 2}
    for lanes in every:
        lanes.close()


def test_a_lost_life_is_counted_and_ends_nothing() -> None:
    lanes, one = lanes_of(BREAKOUT, sticky_actions=0.0), np.array([0])
    lanes.reset(one, np.array([3]))
    assert lanes.lives.tolist() == [5]
    seen, ends = [], []
    while not (ends and ends[-1]):
        _, rewards, terminated, _ = lanes.step(one, np.array([1]))  # serve, and never move
        assert rewards[0] >= 0
        seen.append(int(lanes.lives[0]))
        ends.append(bool(terminated[0]))
    assert sorted(set(seen)) == [0, 1, 2, 3, 4, 5]
    assert sum(ends) == 1 and seen[-1] == 0 and lanes.counts.episodes == 1


def test_rewards_are_the_games_own() -> None:
    lanes, one = lanes_of("ALE/SpaceInvaders-v5"), np.array([0])
    lanes.reset(one, np.array([3]))
    gained = {lanes.step(one, np.array([1]))[1][0] for _ in range(200)}  # fires, and never moves
    assert {0.0, 5.0, 10.0} <= gained


@pytest.mark.parametrize("frame_skip", [1, 4])
def test_an_episode_is_cut_at_the_cap_and_the_next_one_is_not(frame_skip: int) -> None:
    lanes = lanes_of(PONG, 2, cap=30, kwargs={"frameskip": frame_skip})
    both = np.arange(2)
    lanes.reset(both, np.array([5, 6]))  # with different numbers of no-ops
    for step in range(1, 31):
        _, _, terminated, truncated = lanes.step(both, np.zeros(2, np.int64))
        assert truncated.tolist() == [step == 30] * 2 and not terminated.any()
    first = lanes.reset(both[1:], np.array([11]))
    fresh = lanes_of(PONG, cap=30, kwargs={"frameskip": frame_skip})
    assert np.array_equal(first, fresh.reset(both[:1], np.array([11])))
    assert not lanes.step(both[1:], np.array([0]))[3].any()


def test_the_observation_at_the_cap_is_that_of_an_episode_that_goes_on() -> None:
    actions = np.random.default_rng(0).integers(4, size=(60, 1))
    cut, uncut = lanes_of(BREAKOUT, cap=60), lanes_of(BREAKOUT)
    for lanes in (cut, uncut):
        lanes.reset(np.array([0]), np.array([4]))
    for action in actions:
        results = [lanes.step(np.array([0]), action) for lanes in (cut, uncut)]
        assert np.array_equal(results[0][0], results[1][0])
    assert results[0][3][0] and not results[1][3][0]


def test_facts_and_conditions() -> None:
    plan = plan_env(EnvSettings(id=PONG))
    assert plan.facts.observation_shape == (4, 84, 84) and plan.facts.pixels
    assert plan.facts.max_episode_steps * plan.facts.frame_skip == 108_000
    assert plan.facts.action.nvec == (6,) and not plan.facts.native_vector
    assert not plan.fresh_each_episode
    assert plan.preprocessing | {"sticky_actions": 0.25, "noop_max": 30} == plan.preprocessing
    full = plan_env(EnvSettings(id=PONG, kwargs={"full_action_space": True, "frameskip": 3}))
    assert full.facts.action.nvec == (18,) and full.facts.max_episode_steps == 36_000


def test_no_ops_can_be_left_out() -> None:
    native = native_env(plan_env(EnvSettings(id=PONG, noop_max=0)).builder.conditions, 10)
    assert native.reset(seed=np.array([5]))[1]["frame_number"][0] == 0


def test_every_game_of_the_wheel_has_what_a_plan_needs() -> None:
    games = [entry.id for entry in entries() if entry.id.startswith("ALE/")]
    assert len(games) > 95
    families = [family_of(EnvSettings(id=game)) for game in games]
    assert all(isinstance(family, AtariFamily) for family in families)
    assert len({family.atari.game for family in families}) == len(games)


@pytest.mark.parametrize(
    ("settings", "key", "takes"),
    [
        ({"kwargs": {"mode": 1}}, "env.kwargs.mode", "frameskip and full_action_space only"),
        ({"kwargs": {"repeat_action_probability": 0.0}}, "repeat", "env.sticky_actions sets it"),
        ({"kwargs": {"max_num_frames_per_episode": 5}}, "max_num", "env.max_episode_steps sets it"),
        ({"kwargs": {"frameskip": 0}}, "env.kwargs.frameskip", "one number of frames a step"),
        ({"kwargs": {"frameskip": [2, 5]}}, "env.kwargs.frameskip", "one number of frames a step"),
        ({"kwargs": {"frameskip": True}}, "env.kwargs.frameskip", "one number of frames a step"),
        ({"kwargs": {"full_action_space": 3}}, "full_action_space", "true or false"),
        ({"kwargs": {"obs_type": "ram"}, "noop_max": 3}, "env.noop_max", "from pixels only"),
        (
            {
                "kwargs": {"obs_type": "ram", "repeat_action_probability": 0},
                "sticky_actions": 0.0,
            },
            "env.sticky_actions",
            "as env.kwargs.repeat_action_probability is set",
        ),
        ({"id": "CartPole-v1", "sticky_actions": 0.0}, "env.sticky_actions", "for Atari"),
        ({"id": "CartPole-v1", "noop_max": 3}, "env.noop_max", "for Atari from pixels only"),
    ],
)
def test_conditions_that_cannot_be_had_are_refused(
    settings: dict[str, Any], key: str, takes: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_env(EnvSettings(**{"id": PONG, **settings}))
    assert key in str(caught.value) and takes in str(caught.value)


def test_ram_takes_sticky_actions_too() -> None:
    def observations(sticky: float | str) -> bytes:
        keys = {"kwargs": {"obs_type": "ram"}, "sticky_actions": sticky}
        actions = np.random.default_rng(0).integers(6, size=80)
        lanes = lanes_of(PONG, **keys)
        assert not isinstance(lanes, AtariLanes)
        rows = [lanes.reset(np.array([0]), np.array([1]))]
        rows += [lanes.step(np.array([0]), np.array([action]))[0] for action in actions]
        return np.stack(rows).tobytes()

    assert observations("auto") == observations(0.25) != observations(0.0)


@pytest.mark.parametrize("game", ["Pong", "Qbert", "Tetris", "Berzerk"])
def test_kept_starts_give_the_episodes_of_gymnasiums_own_resets(
    game: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Qbert and Tetris: their states are said not to survive saving in ale-py 0.12.1.
    def episode(env: gym.Env, seed: int, steps: int) -> list[bytes]:
        ale, rng = env.unwrapped.ale, np.random.default_rng(seed)
        obs, info = env.reset(seed=seed)
        rows = [obs.tobytes(), repr(info).encode(), ale.getScreen().tobytes()]
        for _ in range(steps):
            obs, *rest = env.step(rng.integers(env.action_space.n))
            rows += [obs.tobytes(), repr(rest).encode(), ale.getScreen().tobytes()]
        return rows

    theirs, ours = (gym.make(f"ALE/{game}-v5", obs_type="ram") for _ in range(2))
    keep_start(ours.unwrapped)
    loads, load_game = [], AtariEnv.load_game
    monkeypatch.setattr(AtariEnv, "load_game", lambda env: loads.append(env) or load_game(env))
    for seed, steps in [(3, 30), (2**31 - 1, 120), (3, 60)]:
        assert episode(ours, seed, steps) == episode(theirs, seed, steps), seed
    again = [env for env in loads if env is ours.unwrapped]
    assert len(again) == (3 if game == "Berzerk" else 0)  # it draws while it is loaded
    assert len(loads) - len(again) == 3


def test_an_action_that_is_not_there_is_an_error() -> None:
    lanes = lanes_of(PONG)
    lanes.reset(np.array([0]), np.array([1]))
    with pytest.raises(RunError, match=r"ALE/Pong-v5 has actions 0 to 5, not \[6\]"):
        lanes.step(np.array([0]), np.array([6]))


def test_games_are_gone_once_their_lanes_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """ale-py ends a process with fifty lines on what is left of its games."""
    made, init = [], AtariEnv.__init__

    def recorded(env: AtariEnv, *args: Any, **kwargs: Any) -> None:
        made.append(weakref.ref(env))
        init(env, *args, **kwargs)

    monkeypatch.setattr(AtariEnv, "__init__", recorded)
    lanes = lanes_of(PONG, 2, kwargs={"obs_type": "ram"})
    lanes.reset(np.arange(2), np.arange(2))
    kept = [ref for ref in made if ref() is not None]
    gc.disable()
    try:
        lanes.close()
        assert len(kept) >= 2 and [ref() for ref in kept] == [None] * len(kept)
    finally:
        gc.enable()


if __name__ == "__main__":
    for golden in GOLDENS:
        print(golden, hashlib.sha256(episode_bytes(golden)).hexdigest())
