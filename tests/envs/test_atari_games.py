"""Games that begin from a kept state against ale-py's native ones, byte for byte."""

import time

import ale_py
import numpy as np
import pytest

from rlbench.envs.atari_frames import AreaResize
from rlbench.envs.atari_games import (
    AtariConditions,
    Game,
    KeptGame,
    NativeGame,
    make_game,
    native_env,
)
from rlbench.envs.atari_start import first_below
from rlbench.envs.make import family_of, plan_env
from rlbench.settings import EnvSettings

CAP = 27_000


def conditions(game: str, **keys: float) -> AtariConditions:
    usual = {"frame_skip": 4, "sticky_actions": 0.25, "noop_max": 30, "full_action_space": False}
    return AtariConditions(game, **{**usual, **keys})


def episode(game: Game, seed: int, steps: int) -> list[tuple[bytes, float, bool, int]]:
    """All that an episode shows; actions are drawn from the seed, each for three steps."""
    obs, lives = game.reset(seed)
    rows = [(obs.tobytes(), 0.0, False, lives)]
    for action in np.random.default_rng(seed).integers(game.actions, size=steps).repeat(3)[:steps]:
        game.send(int(action))
        obs, reward, over, lives = game.receive()
        rows.append((obs.tobytes(), reward, over, lives))
        if over:
            break
    return rows


@pytest.mark.parametrize(
    ("game", "keys"),
    [
        ("pong", {}),
        ("breakout", {}),  # paddles
        ("space_invaders", {"frame_skip": 3}),
        ("seaquest", {"frame_skip": 1, "full_action_space": True}),
        ("journey_escape", {"frame_skip": 2}),  # 230 rows
        ("qbert", {"sticky_actions": 0.0}),  # ale-py 0.12.1 loses some of its state
        ("tetris", {"noop_max": 0}),  # and of this one's
        ("pitfall2", {"noop_max": 200, "sticky_actions": 1.0}),
    ],
)
def test_kept_games_play_the_episodes_of_native_ones(game: str, keys: dict[str, float]) -> None:
    asked = conditions(game, **keys)
    kept, native = KeptGame(asked), NativeGame(asked, CAP)
    assert kept.actions == native.actions
    for seed, steps in [(3, 200), (2**31 - 1, 40), (3, 40)]:
        ours, theirs = episode(kept, seed, steps), episode(native, seed, steps)
        assert len(ours) == len(theirs)
        for t, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert mine == other, (seed, t)


def test_an_episode_that_ends_shows_what_a_native_one_shows() -> None:
    asked = conditions("breakout")
    kept, native = KeptGame(asked), NativeGame(asked, CAP)
    for seed in range(4):
        ours = episode(kept, seed, 2000)
        assert ours[-1][2] and ours == episode(native, seed, 2000)


@pytest.mark.parametrize("game", ["berzerk", "double_dunk"])
def test_games_that_draw_while_they_are_loaded_are_native(game: str) -> None:
    with pytest.raises(ValueError, match="another form"):
        KeptGame(conditions(game))
    assert isinstance(make_game(conditions(game), CAP, alone=True), NativeGame)


def test_games_beside_others_and_of_other_versions_are_native(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(make_game(conditions("pong"), CAP, alone=True), KeptGame)
    assert isinstance(make_game(conditions("pong"), CAP, alone=False), NativeGame)
    monkeypatch.setattr(ale_py, "__version__", "0.13.0")
    assert isinstance(make_game(conditions("pong"), CAP, alone=True), NativeGame)


def test_a_reset_does_not_load_the_game_again() -> None:
    plan, one = plan_env(EnvSettings(id="ALE/Pong-v5")), np.array([0])
    loads, resets = [], []
    for seed in range(5):
        begin = time.process_time()  # other processes do not count
        lanes = plan.lanes(1)
        loads.append(time.process_time() - begin)
        begin = time.process_time()
        lanes.reset(one, np.array([seed]))
        resets.append(time.process_time() - begin)
    assert min(resets) < 0.5 * min(loads)  # a tenth on an idle machine


def test_no_ops_are_drawn_as_the_native_environment_draws_them() -> None:
    # 3499211612: the first number of std::mt19937 as the C++ standard seeds it (Matsumoto's own).
    assert first_below(2**32, 5489) == 3499211612
    env = native_env(conditions("pong"), CAP)
    for seed in (1, 2, 5489, 2**31 - 1):
        frames = env.reset(seed=np.array([seed]))[1]["frame_number"][0]
        assert first_below(30, seed) == frames == first_below(2**32, seed) * 30 >> 32
    assert first_below(1, 7) == 0


def test_areas_by_hand() -> None:
    # Five rows on two: weights of 0.4, 0.4 and 0.2, then of 0.2, 0.4 and 0.4. Four columns on two.
    resize = AreaResize(5, 4, 2)
    frame = np.array(
        [[0, 2, 10, 0], [4, 4, 0, 0], [1, 1, 5, 5], [0, 0, 255, 255], [0, 0, 255, 255]], np.uint8
    )
    # 0.4 * 1 + 0.4 * 4 + 0.2 * 1 = 2.2; 0.4 * 5 + 0.2 * 5 = 3; 0.2 * 1; 0.2 * 5 + 0.8 * 255
    assert resize(frame).tolist() == [[2, 3], [0, 205]]
    halves = np.array([[1, 2, 2, 3]] * 5, np.uint8)
    assert resize(halves).tolist() == [[2, 2]] * 2  # 1.5 and 2.5, to the even one
    assert (AreaResize(210, 160, 84)(np.full((210, 160), 199, np.uint8)) == 199).all()


def test_actions_have_names() -> None:
    pong = ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
    assert family_of(EnvSettings(id="ALE/Pong-v5")).names().actions == pong
    full = EnvSettings(id="ALE/Pong-v5", kwargs={"full_action_space": True})
    assert len(family_of(full).names().actions) == 18
