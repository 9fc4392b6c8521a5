"""Run directories of somebody who means harm, through all that reads them: each is used, refused in
one line or left out by name; nothing in it is executed, nothing outside of it is touched, nothing
hangs, and no memory is taken without end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlbench.cli.main import main
from support.hostile import CANARY, OUTSIDE, build, write_module
from support.readers import ALL, BUDGET, ONE, WORDS, WRITE

TESTS = Path(__file__).parents[1]
MAX_CPU_S, MAX_MB = 10.0, 500.0
# The usual tests share the corpus among the readers; the slow ones give each reader all of it.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("honest")
    assert main([*WORDS, BUDGET, f"results_dir={results}"]) == 0
    return results


def put_together(honest: Path, root: Path, few: slice) -> None:
    """Below one folder, beside one that is honest. Each has a seed of its own where it still says
    one: of two with the same one is left out."""
    for number, (_, results) in enumerate(build(honest, root, few)):
        for file in results.rglob("run.json"):
            if file.is_file() and not file.is_symlink() and file.stat().st_size < 100_000:
                text = file.read_text(errors="replace")
                file.write_text(text.replace('"seed": 0,', f'"seed": {number + 1},'))
    shutil.copytree(honest, root / "honest")


def read(reader: str, places: list[Path], folder: Path) -> list[dict[str, Any]]:
    """What a reader made of each place, in an empty folder; nothing may be there afterwards."""
    modules, here = folder / "modules", folder / "here"
    modules.mkdir()
    here.mkdir()
    write_module(modules)
    paths = [str(modules), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(paths), CANARY: str(folder / "canary")}
    done = subprocess.run(
        [sys.executable, "-m", "support.readers", reader, *map(str, places)],
        capture_output=True, text=True, cwd=here, env={**os.environ, **environment}, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(places), f"{places[len(found)]}: {done.returncode} {done.stderr}"
    assert not (folder / "canary").exists(), "something was executed"
    assert list(here.iterdir()) == []
    return found


def content(root: Path) -> list[tuple[str, int, int, bytes]]:
    """What is below a folder; of large files and of what is no file only what it is."""
    found = []
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        small = path.is_file() and not path.is_symlink() and status.st_size < 10**7
        data = path.read_bytes() if small else b""
        found.append((str(path.relative_to(root)), status.st_mode, status.st_size, data))
    return found


@pytest.mark.parametrize("reader", ONE)
@pytest.mark.parametrize("few", [len(ONE), pytest.param(1, marks=pytest.mark.slow)])
def test_no_run_harms_its_reader(honest: Path, tmp_path: Path, reader: str, few: int) -> None:
    mine = slice(list(ONE).index(reader) % few, None, few)
    built = list(build(honest, tmp_path / "runs", mine))
    whole = content(honest)
    assert [name for name, results in built if content(results) == whole] == []  # all change it
    found = read(reader, [results for _, results in built], tmp_path)
    assert (built[0][1].parent / OUTSIDE).read_text() == "mine"
    wrong: dict[str, Any] = {}
    for (name, _), result in zip(built, found, strict=True):
        said, status = result["said"], result["status"]
        *notes, last = said.splitlines() or [""]
        refused = status in ((1,) if reader in WRITE else (1, 2)) and last.startswith("rlbench")
        fine = refused or (status == 0 and (not last or last.startswith("note: ")))
        fine = fine and all(line.startswith("note: ") for line in notes)
        if not fine or "Traceback" in said or "\x1b" in said:
            wrong[name] = (status, said[-600:])
        elif result["cpu_s"] > MAX_CPU_S or result["peak_mb"] > MAX_MB:
            wrong[name] = (result["cpu_s"], result["peak_mb"])
    assert wrong == {}


@pytest.mark.parametrize("reader", ALL)
@pytest.mark.parametrize("few", [len(ALL), pytest.param(1, marks=pytest.mark.slow)])
def test_no_run_among_others_harms_their_reader(
    honest: Path, tmp_path: Path, reader: str, few: int
) -> None:
    mine = slice(list(ALL).index(reader), None, few) if few > 1 else slice(None)
    put_together(honest, tmp_path / "together", mine)
    (result,) = read(reader, [tmp_path / "together"], tmp_path)
    assert result["status"] == 0, result["said"][-3000:]
    said = result["said"]
    assert "Traceback" not in said and "\x1b" not in said
    assert result["cpu_s"] < 6 * MAX_CPU_S and result["peak_mb"] < MAX_MB  # of hundreds of runs
