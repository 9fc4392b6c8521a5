"""The global generators that Stable-Baselines3 draws from, kept apart from everybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rlbench.interfaces import State

RolloutState = tuple[torch.Tensor, torch.Tensor | None]  # of the CPU's generator and the GPU's


class OwnGenerators:
    """States of the global generators of NumPy and PyTorch that one agent alone sees.

    They begin as `stable_baselines3.common.utils.set_random_seed(seed)` would set them. With a GPU
    there is one more, of that device.
    """

    def __init__(self, seed: int, device: str) -> None:
        self._on_gpu, self._inside = device == "cuda", False
        gpu = torch.Generator(device).manual_seed(seed).get_state() if self._on_gpu else None
        # MT19937, as the global generator is: Stable-Baselines3 draws from that one.
        numpys: Any = np.random.RandomState(seed).get_state(legacy=False)
        self._own = _States(numpys, torch.Generator().manual_seed(seed).get_state(), gpu)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within this the global generators are these; what was there comes back behind it."""
        others = _States.now(self._on_gpu)
        self._own.put()
        self._inside = True
        try:
            yield
        finally:
            self._own, self._inside = _States.now(self._on_gpu), False
            others.put()

    def rollout_state(self) -> RolloutState:
        """Within `in_place`, all that a rollout draws from: PyTorch's generators. NumPy's take
        thirty times as long to read, and Stable-Baselines3 draws from these for updates, for noise
        and for exploration with a replay."""
        return torch.get_rng_state(), torch.cuda.get_rng_state() if self._on_gpu else None

    def undo_rollout(self, state: RolloutState) -> None:
        """Within `in_place`, go back to a `rollout_state`."""
        _put(*state)

    def get_state(self) -> State:
        own = _States.now(self._on_gpu) if self._inside else self._own
        gpu = None if own.of_gpu is None else own.of_gpu.numpy().copy()
        return {"numpy": own.of_numpy, "torch": own.of_torch.numpy().copy(), "gpu": gpu}

    def set_state(self, state: State) -> None:
        numpys = state["numpy"]
        own = numpys["state"]
        self._own = _States(
            {**numpys, "state": {**own, "key": np.array(own["key"], np.uint32)}},
            torch.from_numpy(np.array(state["torch"], np.uint8)),
            torch.from_numpy(np.array(state["gpu"], np.uint8)) if self._on_gpu else None,
        )
        if self._inside:
            self._own.put()


@dataclass(frozen=True)
class _States:
    """The states of the global generators at one moment; of_gpu: None where there is none."""

    of_numpy: Any
    of_torch: torch.Tensor
    of_gpu: torch.Tensor | None

    @classmethod
    def now(cls, on_gpu: bool) -> _States:
        numpys: Any = np.random.get_state(legacy=False)  # noqa: NPY002
        gpu = torch.cuda.get_rng_state() if on_gpu else None
        return cls(numpys, torch.get_rng_state(), gpu)

    def put(self) -> None:
        np.random.set_state(self.of_numpy)  # noqa: NPY002
        _put(self.of_torch, self.of_gpu)


def _put(of_torch: torch.Tensor, of_gpu: torch.Tensor | None) -> None:
    torch.set_rng_state(of_torch)
    if of_gpu is not None:
        torch.cuda.set_rng_state(of_gpu)
