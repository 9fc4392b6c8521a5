"""Keras files of any maker, as a stranger's: layers and operations that are known to do no more
than compute, and weights of a bounded size."""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rlbench.errors import ReportError
from rlbench.interfaces import Array
from rlbench.opening import UnreadableFileError, open_regular
from rlbench.playing.model import Model
from rlbench.playing.names import PROPERTY, output_place
from rlbench.playing.onnx_file import MAX_MEMORY_BYTES

MAX_BYTES = 128 * 2**20  # 18 times the Nature network
MAX_CONFIG_BYTES = 4_000_000
MAX_SIZE = 8_192  # of a number in the description of a layer, such as its units
MAX_CLASSES = 4_000  # named in a description, such as layers and their initializers
MAX_OBJECTS = 10_000  # in a file of weights
CONFIG, WEIGHTS, OWN = "config.json", "model.weights.h5", f"{PROPERTY}.json"
MEMBERS = (CONFIG, WEIGHTS, OWN, "metadata.json")
LAYERS = (
    "Functional", "Sequential", "InputLayer", "Dense", "Conv2D", "MaxPooling2D", "AveragePooling2D",
    "ZeroPadding2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "Reshape",
    "Permute", "Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "Dropout",
    "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "Concatenate", "Average",
)  # fmt: skip
OPERATIONS = (
    "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Transpose", "Argmax", "Take",
    "Stack", "Where", "Cast", "GetItem",
)  # fmt: skip
INITIALIZERS = (
    "Zeros", "Ones", "Constant", "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal",
    "LecunUniform", "LecunNormal", "RandomUniform", "RandomNormal", "TruncatedNormal",
    "VarianceScaling", "Orthogonal",
)  # fmt: skip
VALUES = ("DTypePolicy", "__keras_tensor__", "__numpy__", "__slice__", "__tuple__")
KNOWN = frozenset((*LAYERS, *OPERATIONS, *INITIALIZERS, *VALUES))
NO_SIZES = ("value", "seed", "shared_object_id")  # keys whose numbers may be of any size


def read_keras(path: Path) -> tuple[Model, dict[str, str]]:
    """The network in a Keras file, which may be a stranger's, and what rlbench has written in it.

    Raises ReportError, with one line, where it cannot be used here.
    """
    try:
        with os.fdopen(open_regular(path, MAX_BYTES), "rb") as file:
            members = _members(path, file.read(MAX_BYTES))
        _check_description(path, json.loads(members[CONFIG]))
        _check_weights(path, members[WEIGHTS])
        known = json.loads(members.get(OWN, b"{}"))
    except UnreadableFileError as error:
        raise ReportError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, RuntimeError, RecursionError, zipfile.BadZipFile):
        raise ReportError(f"{path}: is no model as Keras 3 writes it") from None
    own = known if isinstance(known, dict) else {}
    return _model(path, _loaded(path, members)), {str(k): str(v) for k, v in own.items()}


def _members(path: Path, content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        listed = archive.infolist()
        names = [member.filename for member in listed]
        if not set(names) <= set(MEMBERS) or len(set(names)) < len(names):
            raise ReportError(f"{path}: holds {', '.join(names[:9])}; takes {', '.join(MEMBERS)}")
        if sum(member.file_size for member in listed) > MAX_BYTES:
            raise ReportError(f"{path}: is larger than {MAX_BYTES / 1e6:.0f} MB when unpacked")
        if CONFIG in names and archive.getinfo(CONFIG).file_size > MAX_CONFIG_BYTES:
            raise ReportError(f"{path}: its {CONFIG} is larger than {MAX_CONFIG_BYTES / 1e6} MB")
        return {name: archive.read(name) for name in names}


def _check_description(path: Path, config: Any) -> None:
    """Raise ReportError for a class that is not known to do no more than compute, and for sizes
    that no policy has."""
    classes = 0
    for key, value in _entries(config):
        if key == "class_name":
            classes += 1
            if value not in KNOWN:
                raise ReportError(f"{path}: has a {value}; takes plain layers and operations")
        elif key == "module" and not (value is None or str(value).partition(".")[0] == "keras"):
            raise ReportError(f"{path}: has a class of {value}; takes Keras' own")
        elif key not in NO_SIZES and isinstance(value, int) and abs(value) > MAX_SIZE:
            raise ReportError(f"{path}: has {key} {value}; takes up to {MAX_SIZE}")
    if classes > MAX_CLASSES:
        raise ReportError(f"{path}: names more than {MAX_CLASSES} classes")


def _entries(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """All keys and values of nested dictionaries and lists."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _entries(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner, key)
    else:
        yield key, value


def _check_weights(path: Path, content: bytes) -> None:
    """Raise ReportError for weights that are elsewhere, or larger than their file says."""
    import h5py

    left, objects = MAX_BYTES, 0

    def look(group: Any) -> None:
        nonlocal left, objects
        for name in group:
            objects += 1  # two names may lead to one group, and that to itself
            if objects > MAX_OBJECTS:
                raise ReportError(f"{path}: its weights have more than {MAX_OBJECTS} parts")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ReportError(f"{path}: its weights have a link, which is not followed")
            inner = group[name]
            if isinstance(inner, h5py.Group):
                look(inner)
                continue
            left -= inner.nbytes
            if inner.external or inner.is_virtual or inner.dtype.kind not in "fiub" or left < 0:
                raise ReportError(f"{path}: its weights are in other files, or too large")

    with h5py.File(io.BytesIO(content), "r") as file:
        look(file)


def _loaded(path: Path, members: dict[str, bytes]) -> Any:
    from rlbench.nets.tensorflow_runtime import start_tensorflow

    start_tensorflow(1)
    import keras

    with tempfile.TemporaryDirectory(prefix="rlbench-") as folder:
        # What was looked at, and not what may be at the path by now.
        checked = Path(folder) / "policy.keras"
        with zipfile.ZipFile(checked, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        try:
            _check_variables(path, json.loads(members[CONFIG]))
            return keras.saving.load_model(checked, compile=False, safe_mode=True)
        except ReportError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ReportError(f"{path}: Keras cannot load it: {reason}") from None


def _check_variables(path: Path, config: Any) -> None:
    """Raise ReportError for layers with more weights than a file may have: Keras makes all of them
    before it looks for their values."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        described = keras.saving.deserialize_keras_object(config, safe_mode=True)
        size_bytes = sum(
            math.prod(weight.shape) * np.dtype(np.float32).itemsize for weight in described.weights
        )
    if size_bytes > MAX_BYTES:
        keras.utils.clear_session()  # else Keras would make them at the next opportunity
        takes = f"takes up to {MAX_BYTES / 1e6:.0f} MB"
        raise ReportError(f"{path}: its layers have {size_bytes / 1e6:.0f} MB of weights; {takes}")


def _model(path: Path, loaded: Any) -> Model:
    import tensorflow as tf

    inputs = loaded.inputs
    if len(inputs) != 1:
        raise ReportError(f"{path}: has {len(inputs)} inputs; takes a model with one")
    shape, dtype = tuple(inputs[0].shape[1:]), str(inputs[0].dtype)
    compiled = tf.function(lambda obs: loaded(obs, training=False))
    bounded: dict[tuple[int, ...], Any] = {}

    def run(obs: Array) -> Any:
        if obs.shape not in bounded:
            traced = compiled.get_concrete_function(tf.TensorSpec(obs.shape, dtype))
            _check_memory(traced.graph)
            bounded[obs.shape] = traced
        found = bounded[obs.shape](tf.constant(obs))
        if isinstance(found, dict):
            names = list(found)
            found = found[names[output_place(names)]]
        elif isinstance(found, (list, tuple)):
            found = found[0]
        return found.numpy()

    return Model(shape, dtype, run)


def _check_memory(graph: Any) -> None:
    """Raise ValueError for a network whose layers together give more than `MAX_MEMORY_BYTES`."""
    given = [output for operation in graph.get_operations() for output in operation.outputs]
    if any(output.shape.num_elements() is None for output in given):
        raise ValueError("what its layers give has no fixed size")
    size_bytes = sum(output.shape.num_elements() * output.dtype.size for output in given)
    if size_bytes > MAX_MEMORY_BYTES:
        takes = f"takes up to {MAX_MEMORY_BYTES / 1e6:.0f} MB"
        raise ValueError(f"its layers give {size_bytes / 1e6:.0f} MB for one observation; {takes}")
