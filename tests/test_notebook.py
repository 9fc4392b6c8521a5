"""The notebook in docs/ runs, and says what the text beside it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def _outputs(cell: Any) -> str:
    found = (output.get("text") or output.get("data", {}) for output in cell.outputs)
    return " ".join(each if isinstance(each, str) else " ".join(each) for each in found)


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where Jupyter and IPython keep their files
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc")
    manager.ip = str(tmp_path / "kernel")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, km=manager, timeout=280, resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = [_outputs(cell) for cell in cells]
    assert cells[1].outputs[0]["data"]["text/plain"] == "4"
    assert "CartPole-v1 (solved at 475)" in said[2]
    assert "too few for a 95 % interval" in said[2]
    frame = cells[3].outputs[0]["data"]["text/plain"]
    assert frame.count("solved") == 4 + 2  # four runs, and two names of columns
    assert "env_steps" in cells[4].outputs[0]["data"]["text/plain"]
    assert "image/png" in said[5]
    assert float(cells[6].outputs[0]["data"]["text/plain"]) > 400


def test_it_is_committed_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
