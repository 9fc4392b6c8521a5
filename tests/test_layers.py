"""Who may import whom, read from the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "rlbench"
MODULES = sorted(SOURCE.rglob("*.py"))


def imports(path, top_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(folder, forbidden, top_level_only=False):
    paths = [p for p in MODULES if p.is_relative_to(SOURCE / folder)]
    assert paths, folder
    return [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in paths
        for name in imports(path, top_level_only)
        if any(name == f or name.startswith(f + ".") for f in forbidden)
    ]


def test_agents_know_neither_harness_nor_hydra_nor_time():
    assert (
        offenders("agents", ["rlbench.harness", "hydra", "omegaconf", "time", "rlbench.cli.main"])
        == []
    )
    assert offenders("nets", ["rlbench.harness", "rlbench.agents", "hydra", "time"]) == []


def test_the_harness_knows_no_agent_by_name():
    assert offenders("harness", ["rlbench.agents", "hydra", "omegaconf", "tensorflow"]) == []


def test_the_report_needs_neither_tensorflow_nor_gymnasium():
    forbidden = ["tensorflow", "keras", "gymnasium", "hydra", "rlbench.harness", "rlbench.agents"]
    assert offenders("reports", forbidden) == []


def test_only_the_ledger_reads_the_clock():
    readers = [
        str(path.relative_to(SOURCE))
        for path in MODULES
        if "time" in set(imports(path)) or "datetime" in set(imports(path))
    ]
    allowed = {"clock.py"}
    assert set(readers) <= allowed


def test_no_module_draws_from_the_global_generator_or_loads_pickles():
    for path in MODULES:
        text = path.read_text()
        for word in ("np.random.seed", "import random", "import pickle", "allow_pickle=True"):
            assert word not in text, f"{path}: {word}"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["envs"],
        ["agent=es", "env=CartPole-v1", "budget.env_steps=1"],
        ["agent=es", "env=CartPole-v1", "dry_run=true"],
        ["agent=es", "env=CartPole-v1", "budget.env_steps=1", "logger=tensorboard"],
        ["claims"],
    ],
)
def test_tensorflow_stays_out(words, tmp_path):
    program = (
        "import sys; from rlbench.cli.main import main\n"
        f"status = main({words!r} + {[f'results_dir={tmp_path}'] if '=' in words[0] else []!r})\n"
        "bad = {'tensorflow', 'tensorboard', 'keras', 'torch', 'jax'} & set(sys.modules)\n"
        "sys.exit(status or (f'imported {bad}' if bad else 0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
