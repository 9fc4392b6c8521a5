"""Prioritised replay by hand and against plain sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbench.agents.dqn.priorities import Priorities


def test_chances_and_weights_by_hand() -> None:
    priorities = Priorities(3, exponent=0.5)
    priorities.add(np.array([0, 1, 2]))
    priorities.draw(np.random.default_rng(0), (1, 3))
    # TD errors 1, 4, 9 have priorities 1, 2, 3: chances 1/6, 2/6, 3/6.
    priorities.update(np.array([0, 1, 2]), np.array([1.0, -4.0, 9.0]))
    rows = priorities.draw(np.random.default_rng(0), (3000, 2))
    np.testing.assert_allclose(np.bincount(rows.ravel()) / 6000, [1 / 6, 2 / 6, 3 / 6], atol=0.02)
    # Of B = 2 equal shares of the whole 6, the first holds rows 0 and 1, the second row 2.
    assert set(rows[:, 0]) == {0, 1} and set(rows[:, 1]) == {2}
    # (1 / (3 P))**1 = 2, 1, 2/3; over the greatest 1, 1/2, 1/3.
    weights = priorities.weights(np.array([[0, 1, 2], [2, 1, 2]]), 1.0)
    np.testing.assert_allclose(weights, [[1, 1 / 2, 1 / 3], [2 / 3, 1, 2 / 3]], rtol=1e-5)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(priorities.weights(np.array([[0, 1, 2]]), 0.0), [[1, 1, 1]])


def test_what_is_new_is_as_important_as_the_most_important() -> None:
    priorities = Priorities(4, exponent=1.0)
    priorities.add(np.array([0]))
    priorities.draw(np.random.default_rng(0), (1, 1))
    priorities.update(np.array([0]), np.array([7.0]))
    priorities.add(np.array([3]))
    leaves = priorities.get_state()["leaves"]
    np.testing.assert_allclose(leaves, [7, 0, 0, 7], rtol=1e-6)
    assert priorities.count == 2


def test_the_later_of_two_errors_counts_and_what_was_removed_stays_so() -> None:
    priorities = Priorities(4, exponent=1.0)
    priorities.add(np.arange(4))
    priorities.draw(np.random.default_rng(0), (1, 4))
    priorities.remove(np.array([2]))
    priorities.update(np.array([[1, 2], [1, 0]]), np.array([[5.0, 5.0], [2.0, 3.0]]))
    np.testing.assert_allclose(priorities.get_state()["leaves"], [3, 2, 0, 1], rtol=1e-5)
    assert priorities.count == 3
    assert 2 not in priorities.draw(np.random.default_rng(0), (50, 4))


def test_a_row_written_again_while_updates_run_does_not_get_the_error_of_the_old_transition() -> (
    None
):
    priorities = Priorities(4, exponent=1.0)
    priorities.add(np.arange(4))
    priorities.update(np.arange(4), np.array([3.0, 3.0, 3.0, 3.0]))  # nothing was drawn yet
    assert priorities.get_state()["leaves"].tolist() == [1, 1, 1, 1]
    priorities.draw(np.random.default_rng(0), (1, 4))
    priorities.add(np.array([2]))  # over a row that is being learned from
    resumed = Priorities(4, exponent=1.0)
    resumed.set_state(priorities.get_state())
    for one in (priorities, resumed):
        one.update(np.array([1, 2]), np.array([5.0, 7.0]))
        np.testing.assert_allclose(one.get_state()["leaves"], [1, 5, 1, 1], rtol=1e-5)
        # What is drawn from now on is what is there now.
        one.draw(np.random.default_rng(0), (1, 4))
        one.update(np.array([2]), np.array([0.5]))
        np.testing.assert_allclose(one.get_state()["leaves"], [1, 5, 0.5, 1], rtol=1e-5)
    priorities.add(np.array([2]))
    priorities.remove(np.array([2]))
    priorities.update(np.array([2]), np.array([9.0]))
    assert priorities.get_state()["leaves"][2] == 0


@given(
    capacity=st.integers(1, 40),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 100)), max_size=40),
)
def test_the_tree_is_a_pure_function_of_its_leaves(
    capacity: int, changes: list[tuple[int, float]]
) -> None:
    one = Priorities(capacity, 0.6)
    for number, error in changes:
        row = np.array([number % capacity])
        if number % 3 == 0:
            one.remove(row)
        else:
            one.add(row)
            one.draw(np.random.default_rng(number), (1, 2))
            one.update(row, np.array([error]))
    other = Priorities(capacity, 0.6)
    other.set_state(one.get_state())
    assert one.count == other.count == np.count_nonzero(one.get_state()["leaves"])
    for a, b in zip(one._levels, other._levels, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one._levels[-1][0] == pytest.approx(one.get_state()["leaves"].sum())
    if one.count:
        drawn = one.draw(np.random.default_rng(1), (5, 7))
        assert (one.get_state()["leaves"][drawn] > 0).all()
