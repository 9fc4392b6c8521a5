"""The replay of single frames against the lanes' own observations, kept whole."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlbench.agents.dqn.frame_memory import FrameCollector, FrameMemory, FrameSteps
from rlbench.agents.dqn.memory import Step
from rlbench.agents.dqn.priorities import Priorities
from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import Array
from rlbench.runs.checkpoint import Checkpoints
from support.states import assert_same

DISCOUNT = 0.9
SHAPE = (3, 2, 2)


class Film:
    """Lanes of random frames whose episodes end by chance, and everything they showed."""

    def __init__(self, lanes: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.lanes = lanes
        self.obs = self._first(lanes)
        # per lane: (obs_tm1, action, reward, obs_t, terminated, truncated), oldest first
        self.steps: list[list[tuple[Array, int, float, Array, bool, bool]]] = [
            [] for _ in range(lanes)
        ]

    def _first(self, n: int) -> Array:
        return self.rng.integers(0, 256, (n, *SHAPE), np.uint8)

    def step(self) -> Step:
        n, rng, obs_tm1 = self.lanes, self.rng, self.obs
        obs_t = np.concatenate([obs_tm1[:, 1:], self._first(n)[:, :1]], axis=1)
        actions, rewards = rng.integers(0, 5, (n, 1)), rng.normal(size=n)
        terminated, truncated = rng.random(n) < 0.1, rng.random(n) < 0.1
        lost = rng.random(n) < 0.1  # a life, which counts as an episode and goes on
        begun = terminated | truncated
        self.obs = np.where(begun[:, None, None, None], self._first(n), obs_t)
        truncated &= ~terminated
        learned = terminated | lost
        for lane in range(n):
            self.steps[lane].append(
                (
                    obs_tm1[lane],
                    int(actions[lane, 0]),
                    float(rewards[lane]),
                    obs_t[lane],
                    bool(learned[lane]),
                    bool(truncated[lane]),
                )
            )
        return Step(obs_tm1, actions, rewards, obs_t, learned, truncated, begun, self.obs, lost)

    def transitions(self, n_step: int) -> dict[bytes, tuple[int, float, float, bytes]]:
        """All complete ones by their first observation: action, return, discount, last one."""
        found = {}
        for steps in self.steps:
            for start in range(len(steps)):
                total = 0.0
                for k, (_, _, reward, obs_t, terminated, truncated) in enumerate(steps[start:]):
                    total += DISCOUNT**k * reward
                    if terminated or truncated or k == n_step - 1:
                        discount = 0.0 if terminated else DISCOUNT ** (k + 1)
                        found[steps[start][0].tobytes()] = (
                            steps[start][1],
                            total,
                            discount,
                            obs_t.tobytes(),
                        )
                        break
        return found


collect = FrameCollector().collect


def replay(capacity: int, lanes: int, n_step: int, prioritized: bool = False) -> FrameMemory:
    return FrameMemory(
        capacity,
        SHAPE,
        num_lanes=lanes,
        action_dimensions=1,
        n_step=n_step,
        discount=DISCOUNT,
        priorities=Priorities(capacity, 0.6) if prioritized else None,
    )


@settings(max_examples=60)
@given(
    lanes=st.integers(1, 3),
    slots=st.integers(30, 60),
    steps=st.integers(5, 120),
    n_step=st.integers(1, 4),
    cut=st.integers(0, 120),
    prioritized=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_what_is_drawn_is_what_the_lanes_gave(
    lanes: int, slots: int, steps: int, n_step: int, cut: int, prioritized: bool, seed: int
) -> None:
    film, kept = Film(lanes, seed), replay(slots * lanes, lanes, n_step, prioritized)
    kept.begin(np.arange(lanes), film.obs)
    for step in range(steps):
        if step == cut:  # through a state, into a fresh one
            state, kept = kept.get_state(), replay(slots * lanes, lanes, n_step, prioritized)
            kept.set_state(state)
        kept.add(collect(film.step()))
    expected = film.transitions(n_step)
    batch = kept.gather(kept.draw(np.random.default_rng(seed), (4, 300)))
    drawn = set()
    for k in range(4):
        for b in range(300):
            first = batch.obs_tm1[k, b].tobytes()
            action, total, discount, last = expected[first]
            assert batch.actions_tm1[k, b, 0] == action
            assert batch.rewards_t[k, b] == pytest.approx(total, abs=1e-5)
            assert batch.discounts_t[k, b] == pytest.approx(discount)
            assert batch.obs_t[k, b].tobytes() == last
            drawn.add(first)
    # Where no ring has been filled yet, everything is there to be drawn.
    if kept.get_state()["heads"].max() < min(slots, 40):
        assert drawn == set(expected)


def test_several_checkpoints_together_hold_all_frames(tmp_path: Path) -> None:
    film, kept, run = Film(2, 3), replay(80, 2, 3), Checkpoints(tmp_path)
    kept.begin(np.arange(2), film.obs)
    for seq, steps in enumerate((7, 30, 1, 90, 12), 1):
        for _ in range(steps):
            kept.add(collect(film.step()))
        run.save(seq, {"memory": kept.get_state()})
        fresh = replay(80, 2, 3)
        fresh.set_state(Checkpoints(tmp_path).load(seq)["memory"])
        rows = kept.draw(np.random.default_rng(seq), (3, 200))
        np.testing.assert_array_equal(fresh.draw(np.random.default_rng(seq), (3, 200)), rows)
        for column, same in zip(kept.gather(rows), fresh.gather(rows), strict=True):
            np.testing.assert_array_equal(same, column)


def of_lane(step: Step, lane: int) -> Step:
    return Step(*(column[lane : lane + 1] for column in step))


@pytest.mark.parametrize("prioritized", [False, True])
def test_lanes_of_several_actors_are_remembered_as_those_of_one(prioritized: bool) -> None:
    film = Film(3, 11)
    one, together = (replay(180, 3, 2, prioritized) for _ in range(2))
    for kept in (one, together):
        kept.begin(np.arange(3), film.obs)
    for steps in (1, 17, 40):
        played = [film.step() for _ in range(steps)]
        for step in played:
            one.add(collect(step))
        actors = [[collect(of_lane(step, lane)) for step in played] for lane in range(3)]
        together.add(FrameSteps.merged([FrameSteps.joined(steps) for steps in actors]))
    assert sum(len(steps) for steps in film.steps) == 174
    assert_same(together.get_state(), one.get_state())


def test_nothing_is_lost_before_the_ring_is_full_and_the_oldest_after() -> None:
    film, kept = Film(1, 5), replay(40, 1, 1)
    kept.begin(np.arange(1), film.obs)
    for _ in range(300):
        kept.add(collect(film.step()))
    newest = [step[0].tobytes() for step in film.steps[0][-12:]]
    oldest = {step[0].tobytes() for step in film.steps[0][:-40]}
    batch = kept.gather(kept.draw(np.random.default_rng(0), (20, 50)))
    drawn = {obs.tobytes() for obs in batch.obs_tm1.reshape(-1, *SHAPE)}
    assert drawn.issuperset(newest) and not drawn & oldest


def test_frames_that_are_not_stacked_are_refused() -> None:
    step = Film(1, 0).step()
    with pytest.raises(RunError, match="a step must add one frame"):
        collect(step._replace(obs_t=step.obs_t[:, ::-1]))


def test_a_million_steps_take_seven_gigabytes_and_too_many_are_refused() -> None:
    row_bytes = FrameMemory.bytes_per_step((4, 84, 84), 1)
    assert row_bytes == 84 * 84 + 4 + 4 + 1
    assert row_bytes * 10**6 < 7.1e9
    capacity = psutil.virtual_memory().total // FrameMemory.bytes_per_step(SHAPE, 1)
    with pytest.raises(ConfigError, match=r"replay_capacity_steps.*at most \d+ here.*MB are free"):
        replay(capacity, 1, 1)
