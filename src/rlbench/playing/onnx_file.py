"""ONNX files of any maker, as a stranger's: standard operators, and nothing outside the file."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from rlbench.errors import ReportError
from rlbench.extras import install_command
from rlbench.interfaces import Array
from rlbench.opening import UnreadableFileError, open_regular
from rlbench.playing.model import Model
from rlbench.playing.names import output_place

MAX_BYTES = 128 * 2**20  # 18 times the Nature network
MAX_MEMORY_BYTES = 256 * 2**20  # that the network may compute in, all sessions together
# A graph that may go on for ever, or hold another one, is no policy.
REFUSED = ("Loop", "Scan", "If", "SequenceMap")
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


class Session:
    """A file's network under ONNX Runtime, on one thread; made again where it is unpickled."""

    def __init__(self, content: bytes, name: str, place: int) -> None:
        self._content, self._name, self._place = content, name, place

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._content, self._name, self._place)

    def __call__(self, obs: Array) -> Any:
        return self.session.run(None, {self._name: obs})[self._place]

    @cached_property
    def session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised
        _bound_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Constants are folded outside of that memory.
        return onnxruntime.InferenceSession(
            self._content,
            options,
            ["CPUExecutionProvider"],
            disabled_optimizers=["ConstantFolding"],
        )


@cache
def _bound_memory() -> None:
    """Give the sessions of this process `MAX_MEMORY_BYTES` to compute in: what a node asks for can
    be any number that a file says."""
    import onnxruntime

    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    limit = onnxruntime.OrtArenaCfg({"max_mem": MAX_MEMORY_BYTES})
    onnxruntime.create_and_register_allocator(place, limit)


def read_onnx(path: Path) -> tuple[Model, dict[str, str]]:
    """The network in an ONNX file, which may be a stranger's, and the file's metadata.

    Raises ReportError, with one line, where it cannot be used here.
    """
    for package in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise ReportError(f"{path}: ONNX files need {package}: {install_command('onnx')}")
    try:
        with os.fdopen(open_regular(path, MAX_BYTES), "rb") as file:
            content = file.read(MAX_BYTES)
    except (OSError, UnreadableFileError) as error:
        raise ReportError(f"{path}: {error}") from None
    return _model(path, content)


def _model(path: Path, content: bytes) -> tuple[Model, dict[str, str]]:
    import onnx

    try:
        described = onnx.load_model_from_string(content)
    except Exception:  # protobuf has its own class
        raise ReportError(f"{path}: is no ONNX model") from None
    _refuse(path, described)
    initial = {tensor.name for tensor in described.graph.initializer}
    inputs = [value for value in described.graph.input if value.name not in initial]
    outputs = [value.name for value in described.graph.output]
    if len(inputs) != 1 or not outputs:
        given = f"{len(inputs)} inputs and {len(outputs)} outputs"
        raise ReportError(f"{path}: has {given}; takes a model with one input")
    (value,) = inputs
    tensor = value.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    except (KeyError, ValueError):
        raise ReportError(f"{path}: its input is no tensor of numbers") from None
    if not shape or shape[0] not in (None, 0, 1):
        raise ReportError(
            f"{path}: its input has shape {shape}; takes a batch of any size, or of 1"
        )
    session = Session(content, value.name, output_place(outputs))
    try:
        session.session  # noqa: B018 - builds it, which is where most of what is wrong shows
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ReportError(f"{path}: ONNX Runtime cannot run it: {reason}") from None
    known = {entry.key: entry.value for entry in described.metadata_props}
    return Model(tuple(n or None for n in shape[1:]), dtype, session), known


def _refuse(path: Path, model: Any) -> None:
    """Raise ReportError for what a policy has no need of, and a stranger may have a use for."""
    if model.functions:
        raise ReportError(f"{path}: defines functions, which are not taken")
    for tensor in _tensors(model.graph):
        if tensor.external_data or tensor.data_location:
            raise ReportError(f"{path}: keeps weights in other files, which are not opened")
    for node in model.graph.node:
        if node.op_type in REFUSED or node.domain not in DOMAINS:
            operator = f"{node.domain}.{node.op_type}".removeprefix(".")
            raise ReportError(
                f"{path}: has the operator {operator}; takes ONNX's own without loops and branches"
            )


def _tensors(graph: Any) -> Iterator[Any]:
    """All constant tensors of a graph without other graphs in it."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
