"""Heads: how a network's outputs become actions."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbench.errors import ConfigError
from rlbench.interfaces import ActionSpec, Array

MAX_HEAD_OUTPUTS = 4096


@dataclass(frozen=True)
class ArgmaxHead:
    """One output a choice; the action of each dimension is its best choice.

    nvec: choices per dimension [D]. values: None where the choice itself is the action, else per
    dimension the value each choice stands for (a discretised box). single: the environment takes
    one int, not a vector of them.
    """

    nvec: tuple[int, ...]
    values: tuple[tuple[float, ...], ...] | None = None
    single: bool = False

    def __post_init__(self) -> None:
        if not self.nvec or min(self.nvec) < 1:
            raise ValueError("nvec: takes at least one choice for each of at least one dimension")
        if self.values is not None and (self.single or tuple(map(len, self.values)) != self.nvec):
            raise ValueError("values: takes one for each choice, and no single choice")

    @property
    def size(self) -> int:
        """The number of network outputs."""
        return sum(self.nvec)

    def choices(self, outputs: Array) -> Array:
        """Best choices [..., D] (the first of equals) for `outputs` [..., size]."""
        if len(set(self.nvec)) == 1:
            even: Array = outputs.reshape(*outputs.shape[:-1], len(self.nvec), -1).argmax(axis=-1)
            return even
        ends = np.cumsum(self.nvec)
        parts = [
            outputs[..., end - n : end].argmax(axis=-1)
            for n, end in zip(self.nvec, ends, strict=True)
        ]
        return np.stack(parts, axis=-1)

    def actions(self, choices: Array) -> Array:
        """Actions [...] or [..., D] as the lanes take them, for `choices` [..., D]."""
        if self.values is not None:
            columns = [
                np.asarray(v, np.float32)[choices[..., d]] for d, v in enumerate(self.values)
            ]
            return np.stack(columns, axis=-1)
        return choices[..., 0] if self.single else choices

    def __call__(self, outputs: Array) -> Array:
        if self.single and self.values is None:
            best: Array = outputs.argmax(axis=-1)  # the same, in one call
            return best
        return self.actions(self.choices(outputs))

    def describe(self) -> dict[str, Any]:
        values = None if self.values is None else [list(v) for v in self.values]
        return {"kind": "argmax", "nvec": list(self.nvec), "values": values, "single": self.single}


@dataclass(frozen=True)
class ContinuousHead:
    """One output a dimension. Where the box is bounded, [-1, 1] spans it and the rest is clipped;
    a dimension that is unbounded, or too wide for a float32, takes the output as it is."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high)

    @property
    def size(self) -> int:
        """The number of network outputs."""
        return len(self.low)

    def __call__(self, outputs: Array) -> Array:
        """Actions [..., D] for `outputs` [..., D]."""
        low, high, bounded, low_b, half_b, how_many = self.bounds
        if how_many == 0:
            return np.clip(outputs, low, high)
        # Two ufuncs: `np.clip` takes several times as long, and this runs at every step.
        spanned = np.maximum(outputs, np.float32(-1))
        np.minimum(spanned, np.float32(1), out=spanned)
        spanned += np.float32(1)
        spanned *= half_b
        spanned += low_b
        if how_many == self.size:
            return spanned
        return np.where(bounded, spanned, np.clip(outputs, low, high))

    @functools.cached_property
    def bounds(self) -> tuple[Array, Array, Array, Array, Array, int]:
        """Low and high ends [D], which are bounded, there the low end and half the span, and how
        many these are."""
        low, high = np.asarray(self.low, np.float32), np.asarray(self.high, np.float32)
        bounded = _has_span(low, high)
        low_b, high_b = np.where(bounded, low, -1), np.where(bounded, high, 1)
        half_b = ((high_b - low_b) / 2).astype(np.float32)
        return low, high, bounded, low_b, half_b, int(np.count_nonzero(bounded))

    def describe(self) -> dict[str, Any]:
        # JSON has no infinity: an unbounded side is null.
        return {
            "kind": "continuous",
            "low": [v if np.isfinite(v) else None for v in self.low],
            "high": [v if np.isfinite(v) else None for v in self.high],
        }


@dataclass(frozen=True)
class RangeHead:
    """Outputs as actions within bounds: cut to them, or with `tanh` through it, whose -1 and 1 are
    the bounds. limit: outputs beyond ± it are cut before that; None: none are."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    tanh: bool = False
    limit: float | None = None

    def __post_init__(self) -> None:
        _check_ends(self.low, self.high)

    @property
    def size(self) -> int:
        """The number of network outputs."""
        return len(self.low)

    def __call__(self, outputs: Array) -> Array:
        """Actions [..., D] for `outputs` [..., D]."""
        low, high = np.asarray(self.low, np.float32), np.asarray(self.high, np.float32)
        if self.limit is not None:
            outputs = np.clip(outputs, np.float32(-self.limit), np.float32(self.limit))
        if not self.tanh:
            return np.clip(outputs, low, high)
        half: Array = np.float32(0.5) * (high - low)
        return low + (np.tanh(outputs) + np.float32(1)) * half

    def describe(self) -> dict[str, Any]:
        return {
            "kind": "range",
            "low": list(self.low),
            "high": list(self.high),
            "tanh": self.tanh,
            "limit": self.limit,
        }


def _check_ends(low: tuple[float, ...], high: tuple[float, ...]) -> None:
    if not low or len(low) != len(high):
        raise ValueError("low and high: take as many numbers as each other, at least one")


Head = ArgmaxHead | ContinuousHead | RangeHead


def argmax_head(action: ActionSpec, bins: int | None, key: str = "agent.bins") -> ArgmaxHead:
    """A head that chooses: natively for discrete actions, among `bins` evenly spaced values a
    dimension for a box (the end points included).

    Raises ConfigError (naming `key`) for a box that is unbounded, has no bins or too many.
    """
    if action.kind != "box":
        _check_size(action.nvec, key)
        return ArgmaxHead(action.nvec, single=action.kind == "discrete")
    if bins is None or bins < 2:
        raise ConfigError(key, bins, "2 or more: the actions of this environment are continuous")
    nvec = (bins,) * action.dimensions
    _check_size(nvec, key)
    if not _has_span(np.array(action.low), np.array(action.high)).all():
        raise ConfigError(
            key, bins, "nothing here: the action box is unbounded and cannot be cut into bins"
        )
    values = tuple(
        tuple(float(v) for v in np.linspace(low, high, bins))
        for low, high in zip(action.low, action.high, strict=True)
    )
    return ArgmaxHead(nvec, values)


def _has_span(low: Array, high: Array) -> Array:
    """Where low and high ends are finite and no further apart than a float32 can say."""
    with np.errstate(over="ignore", invalid="ignore"):
        span = high.astype(np.float32) - low.astype(np.float32)
        return np.isfinite(2 * span)


def native_head(action: ActionSpec) -> Head:
    """The head that takes the environment's actions as they are."""
    if action.kind == "box":
        return ContinuousHead(action.low, action.high)
    return argmax_head(action, None)


def head_from_description(description: dict[str, Any]) -> Head:
    """The inverse of a head's `describe`; raises ValueError for another kind."""
    if description.get("kind") == "argmax":
        values = description["values"]
        return ArgmaxHead(
            tuple(int(n) for n in description["nvec"]),
            None if values is None else tuple(tuple(float(x) for x in v) for v in values),
            bool(description["single"]),
        )
    if description.get("kind") == "continuous":
        return ContinuousHead(
            tuple(-np.inf if v is None else float(v) for v in description["low"]),
            tuple(np.inf if v is None else float(v) for v in description["high"]),
        )
    if description.get("kind") == "range":
        limit = description["limit"]
        return RangeHead(
            tuple(float(v) for v in description["low"]),
            tuple(float(v) for v in description["high"]),
            bool(description["tanh"]),
            None if limit is None else float(limit),
        )
    kinds = "'argmax', 'continuous' or 'range'"
    raise ValueError(f"head kind {description.get('kind')!r}: takes {kinds}")


def _check_size(nvec: tuple[int, ...], key: str) -> None:
    if sum(nvec) > MAX_HEAD_OUTPUTS:
        raise ConfigError(
            key,
            max(nvec),
            f"at most {MAX_HEAD_OUTPUTS} outputs in all, and {len(nvec)} dimensions "
            f"would need {sum(nvec)}",
        )
