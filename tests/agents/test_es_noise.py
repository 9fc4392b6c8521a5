"""Full-rank and low-rank noise: its moments, its sums, and the gradient that it estimates."""

import numpy as np
import pytest

from rlbench.agents.es.noise import FullNoise, LowRankNoise, cached_noise, draw_noise
from rlbench.executors.base import LaneWorker
from rlbench.nets.mlp import MLP
from rlbench.seeding import Seeds

SEEDS = Seeds(5).child("noise")
NETWORK = MLP(3, (4,), 2)


def test_low_rank_noise_by_hand() -> None:
    # One layer 2 -> 2 of rank 1: A = (1, 2), B = (3, -1).
    noise = LowRankNoise(
        (np.array([[[1.0], [2.0]]], np.float32),),
        (np.array([[[3.0, -1.0]]], np.float32),),
        (np.array([[0.5, 0.25]], np.float32),),
    )
    assert noise[0].tolist() == [3, -1, 6, -2, 0.5, 0.25]
    assert noise.weigh(np.array([2.0], np.float32)).tolist() == [6, -2, 12, -4, 1, 0.5]


@pytest.mark.parametrize("rank", [None, 1, 3])
def test_the_weighed_sum_is_that_of_the_perturbations(rank: int) -> None:
    noise = draw_noise(NETWORK, rank, SEEDS, 2, range(3, 8))
    weights = np.array([0.5, -1, 0, 2, 0.25], np.float32)
    total = sum(w * noise[row] for row, w in enumerate(weights))
    assert noise.weigh(weights) == pytest.approx(total, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("rank", [None, 2])
def test_a_pairs_noise_does_not_depend_on_its_block(rank: int) -> None:
    whole = draw_noise(NETWORK, rank, SEEDS, 2, range(0, 6))
    part = draw_noise(NETWORK, rank, SEEDS, 2, range(4, 6))
    assert part[0].tobytes() == whole[4].tobytes() and part[1].tobytes() == whole[5].tobytes()
    other = draw_noise(NETWORK, rank, SEEDS, 3, range(4, 6))
    assert not np.array_equal(other[0], part[0])


@pytest.mark.parametrize("rank", [1, 4])
def test_elements_have_mean_0_and_variance_1_and_kernels_their_rank(rank: int) -> None:
    network = MLP(6, (), 8)
    noise = draw_noise(network, rank, SEEDS, 0, range(20_000))
    values = np.stack([noise[row] for row in range(20_000)])
    assert np.abs(values.mean(axis=0)).max() < 0.04  # 5 standard errors
    # The variance of an element's square is at most 8 (rank 1), so its error is 0.02.
    assert np.abs(np.square(values).mean(axis=0) - 1).max() < 0.1
    kernel = network.layers(noise[0])[0][0]
    assert np.linalg.matrix_rank(kernel) == rank


@pytest.mark.parametrize("rank", [None, 4])
def test_the_estimate_is_the_gradient_of_the_smoothed_quadratic(rank: int) -> None:
    """f(x) = -(x - t) H (x - t) / 2, smoothed by any symmetric noise of covariance 1, has the
    gradient -H (x - t); the mirrored estimate is its mean over pairs, low-rank or not."""
    rng, pairs, sigma = np.random.default_rng(0), 40_000, 0.3
    root = rng.standard_normal((NETWORK.size, NETWORK.size)) / 5
    hessian, theta = root @ root.T, rng.standard_normal(NETWORK.size)
    target = rng.standard_normal(NETWORK.size)
    estimate = np.zeros(NETWORK.size)
    for first in range(0, pairs, 4000):
        block = range(first, first + 4000)
        noise = draw_noise(NETWORK, rank, SEEDS, 0, block)
        step = sigma * np.stack([noise[row] for row in range(4000)])
        scores = [
            -0.5 * np.einsum("pi,ij,pj->p", x, hessian, x)
            for x in (theta + step - target, theta - step - target)
        ]
        weights = ((scores[0] - scores[1]) / (2 * sigma * pairs)).astype(np.float32)
        estimate += noise.weigh(weights)
    gradient = -hessian @ (theta - target)
    # An element's standard error is about |gradient| / sqrt(pairs), 0.5 % of the whole; of the 26
    # elements together 2.5 %, and for low rank some 1.5 times that.
    error = np.linalg.norm(estimate - gradient) / np.linalg.norm(gradient)
    assert error < 0.06
    # The same tolerance finds a wrong scale (such as no 1 / sqrt(r)) and a lost layer.
    assert np.linalg.norm(1.1 * estimate - gradient) / np.linalg.norm(gradient) > 0.06


def test_the_cache_gives_what_would_be_drawn_and_holds_one_generation() -> None:
    worker = LaneWorker(None)  # no lanes are asked for
    first = cached_noise(worker, NETWORK, None, SEEDS, 1, range(4))
    assert cached_noise(worker, NETWORK, None, SEEDS, 1, range(4)) is first
    assert isinstance(first, FullNoise)
    cached_noise(worker, NETWORK, 2, SEEDS, 2, range(4))
    again = cached_noise(worker, NETWORK, None, SEEDS, 1, range(4))
    assert again is not first and again.values.tobytes() == first.values.tobytes()


def test_noise_too_large_for_the_cache_is_drawn_each_time() -> None:
    worker, network = LaneWorker(None), MLP(100, (), 100)
    large = cached_noise(worker, network, None, SEEDS, 0, range(2000))  # 80 MB
    assert large.nbytes > 64 * 2**20
    assert not any(isinstance(v, FullNoise) for v in worker.cache.values())
