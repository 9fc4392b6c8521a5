"""Values, targets and losses of DQN on arrays small enough to check by hand."""

import numpy as np
import pytest

from rlbench.nets.tensorflow_runtime import start_tensorflow

start_tensorflow(1)

from rlbench.agents.dqn import td  # noqa: E402
from rlbench.agents.dqn.optimizers import adam, rmsprop  # noqa: E402

OUTPUTS = np.array([[1.0, 3.0, 2.0, 8.0, 4.0], [5.0, 0.0, 7.0, 7.5, -1.0]], np.float32)


def test_utilities_of_equal_dimensions_are_a_reshape() -> None:
    got = np.asarray(td.utilities(OUTPUTS[:, :4], (2, 2)))
    np.testing.assert_array_equal(got, [[[1, 3], [2, 8]], [[5, 0], [7, 7.5]]])


def test_ragged_utilities_never_offer_a_choice_that_is_not_there() -> None:
    got = np.asarray(td.utilities(OUTPUTS, (2, 3)))
    np.testing.assert_array_equal(got[:, 0, :2], [[1, 3], [5, 0]])
    np.testing.assert_array_equal(got[:, 1], [[2, 8, 4], [7, 7.5, -1]])
    assert (got[:, 0, 2] == np.float32(td.LEAST_UTILITY)).all()
    # (max(1, 3) + max(2, 8, 4)) / 2 and (max(5, 0) + max(7, 7.5, -1)) / 2
    np.testing.assert_array_equal(np.asarray(td.greatest_value(got)), [5.5, 6.25])


def test_chosen_value_is_the_mean_over_dimensions() -> None:
    values = td.chosen_value(td.utilities(OUTPUTS, (2, 3)), np.array([[0, 2], [1, 0]]))
    np.testing.assert_array_equal(np.asarray(values), [(1 + 4) / 2, (0 + 7) / 2])


def test_double_value_chooses_online_and_judges_by_the_target() -> None:
    online = np.array([[[0.0, 1.0], [9.0, 2.0]]], np.float32)  # best: 1 and 0
    target = np.array([[[10.0, 3.0], [5.0, 20.0]]], np.float32)
    assert np.asarray(td.double_value(online, target)).item() == (3 + 5) / 2
    assert np.asarray(td.greatest_value(target)).item() == (10 + 20) / 2


def test_td_error_bootstraps_with_the_stored_discount() -> None:
    errors = td.td_error(
        np.array([1.0, 1.0, 2.0], np.float32),
        np.array([0.5, 0.5, 3.0], np.float32),
        np.array([0.9, 0.0, 0.81], np.float32),  # one step; terminated; two steps
        np.array([10.0, 10.0, 10.0], np.float32),
    )
    np.testing.assert_allclose(np.asarray(errors), [8.5, -0.5, 9.1], rtol=1e-6)


def test_huber_is_square_within_delta_and_linear_beyond() -> None:
    errors = np.array([0.5, -1.0, 3.0, -3.0], np.float32)
    np.testing.assert_allclose(np.asarray(td.huber(errors, 1.0)), [0.125, 0.5, 2.5, 2.5])
    np.testing.assert_allclose(np.asarray(td.huber(errors, 2.0)), [0.125, 0.5, 4.0, 4.0])
    np.testing.assert_allclose(np.asarray(td.huber(errors, None)), [0.125, 0.5, 4.5, 4.5])


def test_gradient_is_the_clipped_error_and_none_flows_through_the_target() -> None:
    tf = start_tensorflow(1)
    value, bootstrap = tf.constant([0.0, 0.0]), tf.constant([5.0, 0.25])
    with tf.GradientTape() as tape:
        tape.watch([value, bootstrap])
        loss = tf.reduce_sum(td.huber(td.td_error(value, tf.zeros(2), tf.ones(2), bootstrap), 1.0))
    by_value, by_bootstrap = tape.gradient(loss, [value, bootstrap])
    np.testing.assert_array_equal(by_value.numpy(), [-1.0, -0.25])
    assert by_bootstrap is None


def test_adam_moves_by_the_learning_rate_at_first_and_then_by_its_means() -> None:
    zero = np.float32(0)
    first, slots = adam(np.float32(1.0), np.float32(4.0), (zero, zero), np.float32(1), 0.1, 0.0)
    assert float(first) == pytest.approx(0.9)
    assert [float(s) for s in slots] == pytest.approx([0.4, 0.016])
    second, slots = adam(first, np.float32(-2.0), slots, np.float32(2), 0.1, 0.0)
    mean, square = 0.9 * 0.4 - 0.1 * 2, 0.999 * 0.016 + 0.001 * 4
    moved = 0.1 * (mean / (1 - 0.9**2)) / np.sqrt(square / (1 - 0.999**2))
    assert float(second) == pytest.approx(0.9 - moved, rel=1e-4)


def test_rmsprop_divides_by_the_spread_of_the_gradient() -> None:
    zero = np.float32(0)
    moved, slots = rmsprop(np.float32(1.0), np.float32(2.0), (zero, zero), np.float32(1), 0.1, 0.01)
    mean, square = 0.05 * 2, 0.05 * 4
    assert [float(s) for s in slots] == pytest.approx([mean, square])
    assert float(moved) == pytest.approx(1 - 0.1 * 2 / np.sqrt(square - mean**2 + 0.01))
