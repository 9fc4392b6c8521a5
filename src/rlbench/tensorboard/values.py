"""Histograms and pictures as TensorBoard's summary values.

Format: `Summary.Value`, `HistogramProto` and `Summary.Image` in summary.proto.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from rlbench.tensorboard.protobuf import bytes_field, double_field, text_field, varint_field

BINS = 30  # as many as TensorBoard draws
_RGB = 3


def histogram(tag: str, values: NDArray[np.floating]) -> bytes:
    """The distribution of numbers; those that are not finite are left out."""
    known = values[np.isfinite(values)].astype(np.float64)
    counts, edges = np.histogram(known, BINS)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    content = b"".join(
        (
            double_field(1, low),
            double_field(2, high),
            double_field(3, float(known.size)),
            double_field(4, float(known.sum())),
            double_field(5, float(np.square(known).sum())),
            bytes_field(6, _doubles(edges[1:])),
            bytes_field(7, _doubles(counts)),
        )
    )
    return text_field(1, tag) + bytes_field(5, content)


def picture(tag: str, height: int, width: int, encoded: bytes) -> bytes:
    """A picture in a format that browsers know; a GIF may move."""
    content = varint_field(1, height) + varint_field(2, width) + varint_field(3, _RGB)
    return text_field(1, tag) + bytes_field(4, content + bytes_field(4, encoded))


def _doubles(values: NDArray[np.number]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values.tolist())
