"""What the package imports is what pyproject.toml declares, no more and no less."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from rlbench.envs.catalogue import EXTRAS

ROOT = Path(__file__).parents[1]
ONLY_WHERE_NEEDED = (
    "mujoco", "ray", "simpy", "minatar", "onnx", "onnxruntime", "imageio_ffmpeg", "pygame",
    "torch", "stable_baselines3", "sb3_contrib", "sonnet", "jax", "optax", "evosax", "evotorch",
    "optuna", "wandb", "mlflow", "flax", "sbx", "tf_keras",
)  # fmt: skip
# Modules that may not be installed, and are not called as what brings them.
BROUGHT_BY = {"mlflow": ["mlflow-skinny"], "sbx": ["sbx-rl"], "sonnet": ["dm-sonnet"]}
AGENTS_OF_LIBRARIES = ("evosax", "evotorch", "sb3", "sbx")
STUDY = ROOT / "src/rlbench/tuning/study.py"
OWN = {"rlbench", "hydra_plugins"}
NOT_IMPORTED = {"dev", "slurm", "ray-sweeps"}  # extras; Hydra finds its launchers by itself
IMPORTED_BY_OTHERS = {"tf-keras"}  # TensorFlow Probability asks for it, which SBX imports


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]  # type: ignore[no-any-return]


def names(requirements: list[str]) -> set[str]:
    """Distributions, as `gymnasium` of `gymnasium[box2d]>=1.3`."""
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {normalized(match[0]) for match in found if match is not None}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> dict[str, str]:
    """Each top-level module from elsewhere that the package imports, and a file that does."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            else:
                continue
            for module in modules:
                found.setdefault(module.partition(".")[0], str(path.relative_to(ROOT)))
    return {
        name: path
        for name, path in found.items()
        if name not in OWN and name not in sys.stdlib_module_names
    }


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    distributions = packages_distributions()
    extras: dict[str, list[str]] = project()["optional-dependencies"]  # type: ignore[assignment]
    required = names(project()["dependencies"])  # type: ignore[arg-type]
    for_use = required | names(
        [package for extra in extras if extra not in NOT_IMPORTED for package in extras[extra]]
    )
    used = {normalized(package) for package in EXTRAS}  # Gymnasium imports what an id names
    for module, path in imported().items():
        of_module = {
            normalized(name) for name in distributions.get(module, BROUGHT_BY.get(module, [module]))
        }
        assert of_module & for_use, f"{path} imports {module}, which pyproject.toml lacks"
        used |= of_module
    assert for_use - used == IMPORTED_BY_OTHERS, "declared and not imported"


def test_extras_are_imported_only_where_they_are_needed() -> None:
    """`import rlbench` and runs without the extras must work where these are not installed. The
    modules of an agent of a library import it at the top, but for the agent itself and its
    settings, which import the others where they build; and so does the module of Optuna's study."""
    of_libraries = {
        path
        for library in AGENTS_OF_LIBRARIES
        for path in (ROOT / "src/rlbench/agents" / library).glob("*.py")
        if path.name not in ("agent.py", "settings.py")
    }
    for path in set((ROOT / "src").rglob("*.py")) - of_libraries - {STUDY}:
        for node in ast.parse(path.read_text()).body:  # at the top of the module only
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & set(ONLY_WHERE_NEEDED), path
