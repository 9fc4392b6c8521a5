"""Messages of TensorBoard's HParams plugin: which settings a run had and how it ended.

Each is a `Summary.Value` without data, whose metadata hold the message. Format: plugin_data.proto
and api.proto in tensorboard/plugins/hparams, version 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from rlbench.tensorboard.protobuf import bytes_field, double_field, text_field, varint_field

PLUGIN = "hparams"
EXPERIMENT = "_hparams_/experiment"
SESSION_START = "_hparams_/session_start_info"
SESSION_END = "_hparams_/session_end_info"
# A tensor of no numbers: float32, one axis, of length 0.
_NO_TENSOR = varint_field(1, 1) + bytes_field(2, bytes_field(2, b""))

Setting = float | bool | str


class Status(IntEnum):
    """How a session stands."""

    SUCCESS = 1
    FAILURE = 2
    RUNNING = 3


def as_text(value: Setting) -> str:
    """A setting as it is written on a command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value


def session_start(settings: Mapping[str, Setting], start_s: float) -> bytes:
    """The settings of a run; start_s: in seconds since 1970."""
    entries = (
        bytes_field(1, text_field(1, name) + bytes_field(2, _value(value)))
        for name, value in settings.items()
    )
    return _summary(SESSION_START, 3, b"".join(entries) + double_field(5, start_s))


def session_end(status: Status, end_s: float) -> bytes:
    """How a run ended. TensorBoard keeps the first that it reads of a run."""
    return _summary(SESSION_END, 4, varint_field(1, status) + double_field(2, end_s))


def experiment(
    settings: Mapping[str, Sequence[Setting]], metrics: Iterable[tuple[str, str]]
) -> bytes:
    """The columns of the plugin's table. TensorBoard takes those of the first run that has them.

    settings: by name, the values that the runs have. metrics: (the tag of a scalar, its heading).
    """
    columns = [bytes_field(4, _column(name, values)) for name, values in settings.items()]
    columns += [
        bytes_field(5, bytes_field(1, text_field(2, tag)) + text_field(3, heading))
        for tag, heading in metrics
    ]
    return _summary(EXPERIMENT, 2, b"".join(columns))


def _column(name: str, values: Sequence[Setting]) -> bytes:
    """Name, type and domain of a setting, whose values are of one type."""
    known = sorted(set(values))
    column = text_field(1, name)
    if all(isinstance(value, bool) for value in known):
        column += varint_field(4, 2)
    elif all(isinstance(value, float) for value in known):
        interval = double_field(1, float(known[0])) + double_field(2, float(known[-1]))
        return column + varint_field(4, 3) + bytes_field(6, interval) + _differs(known)
    else:
        column += varint_field(4, 1)
    domain = b"".join(bytes_field(1, _value(value)) for value in known)
    return column + bytes_field(5, domain) + _differs(known)


def _differs(known: Sequence[Setting]) -> bytes:
    return varint_field(7, len(known) > 1)


def _value(value: Setting) -> bytes:
    """A google.protobuf.Value."""
    if isinstance(value, bool):
        return varint_field(4, value)
    if isinstance(value, float):
        return double_field(2, value)
    return text_field(3, value)


def _summary(tag: str, number: int, message: bytes) -> bytes:
    """A summary value; number: of the message among those that the plugin's data may be."""
    plugin = text_field(1, PLUGIN) + bytes_field(2, bytes_field(number, message))
    return text_field(1, tag) + bytes_field(8, _NO_TENSOR) + bytes_field(9, bytes_field(1, plugin))
