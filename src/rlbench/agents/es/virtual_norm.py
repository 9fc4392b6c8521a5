"""Virtual batch normalisation: every member's layers are normalised by what they give on a
reference batch that is chosen once.

Salimans et al. 2016 (arXiv 1606.03498), section 3.4, as Salimans et al. 2017 (arXiv 1703.03864),
section 2.2, put it to use: a perturbation then changes what a member does on frames, however
sparse they are. The statistics are those of the reference batch alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.interfaces import ActionSpec, Array, Worker
from rlbench.nets.frame_convs import FrameConvs
from rlbench.nets.network import Layers, Network
from rlbench.seeding import Seeds

EPSILON = 1e-3  # added to the variance; the default of the library that the paper's authors used
STEPS_APART = 8  # between two frames of the reference batch: neighbours are nearly equal

Affine = list[tuple[Array, Array]]


class VirtualNorm:
    """The normalisation of a network with convolutions by `reference` [batch, *obs] uint8.

    A layer's weighted sums x W become (x W - mean) / sqrt(variance + EPSILON) + b, mean and
    variance per filter or unit over the reference batch, with the layer's own bias b as the
    shift; then the rectifier. Batch normalisation's factor is left out: a positive one can move
    through the rectifier into the next kernel. The last layer is not normalised.
    """

    def __init__(self, network: Network, reference: Array) -> None:
        self._network, self._reference = network, reference
        self._convs = FrameConvs(network)

    def fold(self, layers: Layers) -> Affine:
        """Put the normalisation of one member's `layers` (kernels [in, out]) into them, in place,
        so that the plain network computes it.

        Returns per hidden layer the scale and the shift [out] that its weighted sums take.
        """
        affine: Affine = []
        frames = len(self._reference)
        x = self._reference
        for number, (kernel, bias) in enumerate(layers[:-1]):
            if number < len(self._network.convs):
                first = number == 0
                rows = int(np.prod(self._network.grids[number + 1]))
                z = np.empty((frames, rows, kernel.shape[1]), np.float32)
                product = self._convs.kernels(layers)[0][0] if first else kernel
                for frame in range(frames):
                    inputs = self._convs.blocks(x[frame]) if first else x[frame]
                    self._convs.product(number, inputs, product, z[frame])
            else:
                z = (x.reshape(frames, -1) @ kernel)[:, None, :]
            # Short sums first: a float32 sum over all positions of all frames would be coarse.
            mean = z.mean(axis=1).mean(axis=0, dtype=np.float64).astype(np.float32)
            z -= mean
            variance = np.einsum("frc,frc->fc", z, z).mean(axis=0, dtype=np.float64) / z.shape[1]
            scale = (1 / np.sqrt(variance + EPSILON)).astype(np.float32)
            z *= scale
            z += bias
            x = np.maximum(z, np.float32(0), out=z)
            shift = bias[0] - mean * scale
            kernel *= scale
            bias[0] = shift
            affine.append((scale, shift))
        return affine


@dataclass(frozen=True)
class ReferencePlay:
    """How to collect a reference batch: `frames` observations of random play, on the first of
    `lanes` lanes."""

    frames: int
    lanes: int
    action: ActionSpec
    seeds: Seeds

    @property
    def env_steps(self) -> int:
        return self.frames * STEPS_APART


def play_reference(worker: Worker, play: ReferencePlay, task: Any) -> Array:
    """The reference batch [frames, *obs]: every `STEPS_APART`-th observation of random play. Its
    steps are training steps like others."""
    lanes, lane = worker.lanes(play.lanes), np.zeros(1, np.int64)
    rng = play.seeds.generator()
    episode, ended, batch = 0, True, []
    for step in range(play.env_steps):
        if ended:
            obs = lanes.reset(lane, np.array([play.seeds.episode_seed(episode)]))
            episode += 1
        action = _random_action(play.action, rng)
        obs, _, terminated, truncated = lanes.step(lane, action[None])
        ended = bool(terminated[0] or truncated[0])
        if step % STEPS_APART == STEPS_APART - 1:
            batch.append(obs[0].copy())
    return np.stack(batch)


def _random_action(action: ActionSpec, rng: np.random.Generator) -> Array:
    if action.kind == "box":
        return rng.uniform(action.low, action.high).astype(np.float32)
    choices = rng.integers(action.nvec)
    return choices[0] if action.kind == "discrete" else choices
