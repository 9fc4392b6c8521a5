"""Event files read back by TensorFlow's own reader, which checks every checksum."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Point(NamedTuple):
    """One scalar of an event."""

    tag: str
    step: int
    value: float
    wall_s: float


def read_events(path: Path) -> list[Point]:
    """All scalars in an event file, or in the only one of a directory that is not empty."""
    from tensorflow.compat.v1.train import summary_iterator

    if path.is_dir():
        (path,) = (file for file in path.iterdir() if file.stat().st_size)
    events = list(summary_iterator(str(path)))
    assert events[0].file_version == "brain.Event:2"
    assert events[1].session_log.status == 1 and events[1].step == 0
    return [
        Point(value.tag, event.step, value.simple_value, event.wall_time)
        for event in events
        for value in event.summary.value
        if not value.tag.startswith("_hparams_/")
    ]
