"""An exported policy on the disk, whole or not at all, with its card beside it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rlbench import __version__
from rlbench.errors import OutputError
from rlbench.exports.card import card, is_card
from rlbench.exports.facts import Exported, properties
from rlbench.playing.names import PROPERTY
from rlbench.runs.files import replace_bytes, replace_text

SIDECAR = f"{PROPERTY}.json"  # within a Keras file, and in a SavedModel's assets.extra


def write(found: Exported, form: str, out: Path) -> list[Path]:
    """Write a policy as `form` to `out`, and its card; the files.

    Raises OutputError where they cannot be written, and where the card's place has a file that is
    no card.
    """
    beside = out.with_name(f"{out.name}.md")
    try:
        if os.path.lexists(beside) and not is_card(beside):
            raise ValueError(f"{beside} is there already, and rlbench has not written it")
        size_bytes = WRITERS[form](found, out)
        replace_text(beside, card(found, form, out.name, size_bytes))
    except (OSError, ValueError) as error:
        raise OutputError(out, error) from None
    return [out, beside]


def _onnx(found: Exported, out: Path) -> int:
    from rlbench.exports.onnx_graph import onnx_model

    content: bytes = onnx_model(found.policy, properties(found), __version__).SerializeToString()
    replace_bytes(out, content)
    return len(content)


def _keras(found: Exported, out: Path) -> int:
    model = _model(found)
    with tempfile.TemporaryDirectory(prefix="rlbench-") as folder:
        made = Path(folder) / "policy.keras"
        model.save(made)
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(SIDECAR, json.dumps(properties(found), indent=1))
        replace_bytes(out, made.read_bytes())
        return made.stat().st_size


def _saved_model(found: Exported, out: Path) -> int:
    if out.exists() or out.is_symlink():
        raise ValueError("takes the name of a folder that is not there yet")
    model = _model(found)
    # Beside its place, so that one rename puts it there.
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        made = Path(folder) / "model"
        with contextlib.redirect_stdout(io.StringIO()):
            model.export(str(made), format="tf_saved_model")
        extra = made / "assets.extra"
        extra.mkdir()
        (extra / SIDECAR).write_text(json.dumps(properties(found), indent=1))
        size_bytes = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
        made.rename(out)
    return size_bytes


def _model(found: Exported) -> Any:
    from rlbench.exports.keras_model import keras_model
    from rlbench.nets.tensorflow_runtime import start_tensorflow

    start_tensorflow(1)
    return keras_model(found.policy)


WRITERS: dict[str, Callable[[Exported, Path], int]] = {
    "onnx": _onnx,
    "keras": _keras,
    "saved_model": _saved_model,
}
