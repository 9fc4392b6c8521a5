"""A real TensorBoard in a real browser, on the files of `rlbench tensorboard`."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from rlbench.cli.main import main
from rlbench.runs.directory import snapshot_file, write_policy
from support.browser import chromium
from support.policies import constant
from support.run_files import RunFiles

pytest.importorskip("PIL", reason="rlbench[video] is not installed")
# By its metadata: a folder of these tests has its name.
PRESENT = any(found.name == "tensorboard" for found in distributions())

# All elements, those in shadow trees too.
EVERYTHING = """
const all = (root) => [...root.querySelectorAll("*")].flatMap(
  (e) => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
"""
PICTURES = (
    EVERYTHING
    + """
return all(document).filter((e) => e.tagName === "IMG" && e.naturalWidth > 100
  && e.src.includes("individualImage")).length"""
)


@contextlib.contextmanager
def tensorboard(folder: Path) -> Iterator[str]:
    """The address of a TensorBoard of a folder."""
    words = [
        "-m",
        "tensorboard.main",
        "--logdir",
        str(folder),
        "--port",
        "0",
        "--host",
        "localhost",
    ]
    process = subprocess.Popen(
        [sys.executable, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stderr is not None
        found = (re.search(r"http://localhost:\d+/", line) for line in process.stderr)
        yield next(match for match in found if match is not None)[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


# What each part holds, test_parts.py reads from the files; here TensorBoard is seen to take them.
@pytest.mark.slow
@pytest.mark.skipif(not PRESENT, reason="TensorBoard is not installed")
def test_it_shows_all_parts(tmp_path: Path) -> None:
    runs, board = tmp_path / "runs", tmp_path / "board"
    run = RunFiles(agent="dqn", configuration={"agent.discount": 0.9}).write(runs)
    (run / "snapshots").mkdir()
    write_policy(snapshot_file(run, 0), constant(0.0).arrays())
    write_policy(run / "policy.npz", constant(4.0).arrays())
    parts = ["--histograms", "--td-errors", "--graph", "--films"]
    assert main(["tensorboard", str(runs), "--out", str(board), *parts]) == 0
    name = "CartPole-v1/dqn/seed0"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with tensorboard(board) as address, chromium(tmp_path / "profile") as browser:

        def data(path: str) -> Any:
            with direct.open(f"{address}data/plugin/{path}") as answer:
                return json.load(answer)

        browser.until(lambda: name in data("histograms/tags"))  # it reads files beside its pages
        tags = set(data("histograms/tags")[name])
        assert {
            "parameters/dense1/kernel",
            "parameters/output/bias",
            "td_errors/greedy_episode",
        } <= tags
        assert name in data("graphs/info")
        assert data("images/tags")[name]["film"]["samples"] == 1
        browser.driver.get(f"{address}#images")
        browser.until(lambda: browser.run(PICTURES))
