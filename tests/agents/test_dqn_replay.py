"""The replay and the n-step assembler against slow and obvious versions of themselves."""

from collections import deque

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlbench.agents.dqn.nstep import NStepAssembler
from rlbench.agents.dqn.replay import Replay, Transitions
from rlbench.errors import ConfigError

DISCOUNT = 0.9


def numbered(start: int, m: int) -> Transitions:
    """m transitions that all carry their number in every field."""
    n = np.arange(start, start + m)
    obs = np.repeat(n[:, None], 2, axis=1).astype(np.float32)
    return Transitions(obs, n[:, None].astype(np.int32), n * 0.5, n * 0.25, obs + 0.5)


def whole(replay: Replay) -> list[float]:
    rows = replay.get_state()["rows"]
    return sorted(float(reward) * 2 for reward in rows.columns["rewards_t"][: rows.kept])


@given(capacity=st.integers(1, 12), sizes=st.lists(st.integers(0, 12), max_size=12))
def test_holds_exactly_the_newest(capacity: int, sizes: list[int]) -> None:
    replay, newest, total = Replay(capacity, (2,), 1), deque[int](maxlen=capacity), 0
    for size in sizes:
        m = min(size, capacity)
        replay.add(numbered(total, m))
        newest.extend(range(total, total + m))
        total += m
        assert replay.size == len(newest)
        assert whole(replay) == list(newest)


@given(capacity=st.integers(1, 12), total=st.integers(1, 30), seed=st.integers(0, 99))
def test_samples_whole_transitions(capacity: int, total: int, seed: int) -> None:
    replay = Replay(capacity, (2,), 1)
    for number in range(total):
        replay.add(numbered(number, 1))
    batch = replay.gather(replay.draw(np.random.default_rng(seed), (3, 5)))
    assert batch.obs_tm1.shape == (3, 5, 2) and batch.rewards_t.shape == (3, 5)
    number = batch.actions_tm1[..., 0]
    assert ((number >= max(0, total - capacity)) & (number < total)).all()
    np.testing.assert_array_equal(batch.obs_tm1[..., 1], number)
    np.testing.assert_array_equal(batch.obs_t[..., 0], number + 0.5)
    np.testing.assert_array_equal(batch.rewards_t, number * 0.5)
    np.testing.assert_array_equal(batch.discounts_t, number * 0.25)


def test_samples_uniformly() -> None:
    replay = Replay(10, (2,), 1)
    replay.add(numbered(0, 10))
    drawn = replay.gather(replay.draw(np.random.default_rng(0), (20_000,))).actions_tm1
    counts = np.bincount(drawn[:, 0], minlength=10)
    assert (abs(counts - 2000) < 5 * np.sqrt(2000)).all()


@given(before=st.integers(1, 20), after=st.integers(0, 20))
def test_goes_on_from_its_state(before: int, after: int) -> None:
    one, other = Replay(7, (2,), 1), Replay(7, (2,), 1)
    for number in range(before):
        one.add(numbered(number, 1))
    other.set_state(one.get_state())
    for number in range(before, before + after):
        one.add(numbered(number, 1))
        other.add(numbered(number, 1))
    for a, b in zip(
        one.gather(one.draw(np.random.default_rng(1), (50,))),
        other.gather(other.draw(np.random.default_rng(1), (50,))),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_says_what_would_fit_in_memory() -> None:
    row_bytes = Replay.bytes_per_transition((100,), 1)
    assert row_bytes == 4 * (200 + 1 + 1 + 1)
    capacity = psutil.virtual_memory().total // row_bytes
    with pytest.raises(ConfigError, match=r"replay_capacity_steps.*at most \d+ here.*MB are free"):
        Replay(capacity, (100,), 1)


def brute_force(
    rewards: NDArray[np.float64],
    terminated: NDArray[np.bool_],
    truncated: NDArray[np.bool_],
    n: int,
) -> list[tuple[int, float, float, int]]:
    """(first step, return, discount, last step) of each complete transition of one lane."""
    found = []
    for start in range(len(rewards)):
        total = 0.0
        for k in range(n):
            t = start + k
            if t == len(rewards):
                break
            total += DISCOUNT**k * rewards[t]
            ended = terminated[t] or truncated[t]
            if ended or k == n - 1:
                found.append((start, total, 0.0 if terminated[t] else DISCOUNT ** (k + 1), t))
                break
    return found


@given(
    n=st.integers(1, 5),
    lanes=st.integers(1, 3),
    steps=st.integers(1, 25),
    cut=st.integers(0, 25),
    seed=st.integers(0, 10_000),
)
def test_n_step_transitions_equal_brute_force(
    n: int, lanes: int, steps: int, cut: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rewards = rng.normal(size=(steps, lanes))
    terminated = rng.random((steps, lanes)) < 0.15
    truncated = (rng.random((steps, lanes)) < 0.15) & ~terminated
    assembler = NStepAssembler(n, DISCOUNT, lanes, (2,), 1)
    got: list[list[tuple[int, float, float, int]]] = [[] for _ in range(lanes)]
    for t in range(steps):
        if t == cut:  # through a state, into a fresh one
            state, assembler = assembler.get_state(), NStepAssembler(n, DISCOUNT, lanes, (2,), 1)
            assembler.set_state(state)
        obs = np.stack([np.full(lanes, t), np.arange(lanes)], axis=1).astype(np.float32)
        done = assembler.push(
            obs, obs[:, :1].astype(np.int32), rewards[t], obs + 0.5, terminated[t], truncated[t]
        )
        for o, a, r, d, o2 in zip(*done, strict=True):
            assert a[0] == o[0] and o2[1] == o[1] + 0.5
            got[int(o[1])].append((int(o[0]), float(r), float(d), int(o2[0])))
    for lane in range(lanes):
        expected = brute_force(rewards[:, lane], terminated[:, lane], truncated[:, lane], n)
        assert [(s, e) for s, _, _, e in sorted(got[lane])] == [(s, e) for s, _, _, e in expected]
        np.testing.assert_allclose(
            [x[1:3] for x in sorted(got[lane])] or [()], [x[1:3] for x in expected] or [()]
        )


def test_truncation_bootstraps_from_the_last_observation_and_termination_does_not() -> None:
    for ends, discounts in (((False, True), [0.81, 0.9]), ((True, False), [0.0, 0.0])):
        assembler = NStepAssembler(3, DISCOUNT, 1, (1,), 1)
        column = np.zeros((1, 1), np.float32)
        no = np.array([False])
        first = assembler.push(column, column, np.array([1.0]), column + 1, no, no)
        assert len(first.rewards_t) == 0
        both = assembler.push(
            column + 1, column, np.array([2.0]), column + 9, np.array(ends[:1]), np.array(ends[1:])
        )
        np.testing.assert_allclose(both.rewards_t, [1 + 0.9 * 2, 2])
        np.testing.assert_allclose(both.discounts_t, discounts)
        np.testing.assert_array_equal(both.obs_t, [[9], [9]])
