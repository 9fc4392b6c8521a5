"""Who may import whom, read from the source.

A room is a folder or a module directly below `rlbench`. Imports within functions count as well, as
they would hide a circle; those for type checkers alone count for the table of rooms only.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "rlbench"
LARGEST_SHARE = 0.3  # of all lines that a room may hold

# What each room may use. A new folder or module needs a line here, and the lines form no circle.
FOUNDATION = {
    "arrays", "checking", "clock", "container", "errors", "extras", "interfaces", "opening",
    "registry", "saving", "seeding", "settings",
}  # fmt: skip
NUMBERS = {"analysis", "claims", "published", "runs", "scaling", "table", "wording"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "container": set(),
    "signals": {"clock"},
    "opening": set(),
    "arrays": {"opening"},
    "seeding": set(),
    "saving": set(),
    "checking": {"errors"},
    "extras": {"errors"},
    "registry": {"errors"},
    "settings": {"checking", "errors"},
    "interfaces": {"saving", "seeding", "settings"},
    # Training: what is learned, and where.
    "published": set(),
    "nets": FOUNDATION,
    "envs": FOUNDATION | {"published"},
    "executors": FOUNDATION | {"envs", "signals"},
    "agents": (FOUNDATION - {"clock"}) | {"nets"},
    # What runs leave, and what follows from it.
    "runs": FOUNDATION,
    "analysis": {"errors", "published", "runs"},
    "table": set(),
    "wording": {"analysis", "runs"},  # types only
    "scaling": {"arrays", "errors", "extras", "opening", "published", "runs", "table", "wording"},
    "claims": {"errors", *(NUMBERS - {"claims"})},
    "reports": {"errors", "opening", "registry", *NUMBERS},
    "tensorboard": {"errors", "opening", "runs"},
    "collection": {"errors", "reports", *NUMBERS},
    # Runs, one and many, and the doors to them.
    "trackers": FOUNDATION | {"runs", "tensorboard"},
    "harness": FOUNDATION | {"envs", "executors", "runs", "signals", "tensorboard", "trackers"},
    "config": FOUNDATION | {"agents", "envs", "executors", "nets", "trackers"},
    "sweeps": FOUNDATION | {"envs", "harness", "runs", "signals"},
    "tuning": FOUNDATION | {"agents", "config", "harness", "runs", "sweeps"},
    "playing": FOUNDATION
    | {"agents", "analysis", "envs", "executors", "harness", "nets", "runs", "table"},
    "films": FOUNDATION | {"envs", "harness", "nets", "playing"},
    "dreams": FOUNDATION
    | {"agents", "analysis", "envs", "films", "harness", "nets", "playing", "runs"},
    "exports": FOUNDATION | {"analysis", "nets", "playing", "runs", "wording"},
    "boards": FOUNDATION | {"films", "nets", "playing", "runs", "tensorboard"},
    "testing": FOUNDATION | {"agents", "envs", "executors", "harness", "runs"},
    "api": FOUNDATION
    | {"agents", "collection", "config", "envs", "harness", "playing", "reports", "sweeps"}
    | NUMBERS,
    "cli": FOUNDATION
    | {"boards", "collection", "config", "dreams", "envs", "exports", "films", "harness", "nets"}
    | {"playing", "reports", "signals", "sweeps", "tuning"}
    | {"tensorboard", *NUMBERS},
    "__main__": {"cli"},
}
# What a room must do without, by whatever way it would come: modules of rlbench or of others.
LEARNING = ["tensorflow", "keras", "ray", "torch", "stable_baselines3", "sb3_contrib"]
LEARNING += ["jax", "optax", "evosax", "evotorch", "flax", "sbx"]
CONFIGURATION = ["hydra", "omegaconf", "rlbench.config"]
RUNNING = ["rlbench.harness", "rlbench.agents", "rlbench.envs", "rlbench.executors"]
WITHOUT: dict[str, list[str]] = {
    "agents": [*CONFIGURATION, "gymnasium", "time", "datetime", "rlbench.harness", "rlbench.runs"],
    "nets": [*CONFIGURATION, "gymnasium", "time", "datetime", "rlbench.harness", "rlbench.agents"],
    "envs": [*CONFIGURATION, *LEARNING, "time", "rlbench.harness", "rlbench.agents"],
    "executors": [*CONFIGURATION, "tensorflow", "rlbench.harness", "rlbench.agents"],
    "harness": [*CONFIGURATION, "tensorflow", "rlbench.agents", "rlbench.nets"],
    **{
        room: [*CONFIGURATION, *LEARNING, *RUNNING, "gymnasium", "ale_py"]
        for room in (*sorted(NUMBERS), "reports", "tensorboard", "trackers", "collection")
    },
}

# Stable-Baselines3 is told by Gymnasium's spaces what it sees and does.
ALLOWED = {("rlbench.agents.sb3.agent", "gymnasium"), ("rlbench.agents.sb3.learner", "gymnasium")}
ALLOWED |= {("rlbench.agents.sb3.vec_env", "gymnasium")}
ALLOWED |= {("rlbench.agents.sbx.agent", "gymnasium"), ("rlbench.agents.sbx.learner", "gymnasium")}


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Mapping[str, Path] = {_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def _room(module: str) -> str:
    """`analysis` of `rlbench.analysis.curves`; "" of the package itself."""
    return [*module.split("."), ""][1]


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _imports(node: ast.AST, typing_too: bool) -> Iterator[str]:
    """The modules that are imported below `node`; of rlbench's own, the innermost that is meant."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.Import):
            yield from (alias.name for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom):
            assert inner.level == 0, "relative imports look like others"
            for alias in inner.names:
                submodule = f"{inner.module}.{alias.name}"
                yield submodule if submodule in MODULES else str(inner.module)
        elif typing_too or not _for_type_checkers(inner):
            yield from _imports(inner, typing_too)


@cache
def imports(module: str, typing_too: bool = False) -> frozenset[str]:
    return frozenset(_imports(ast.parse(MODULES[module].read_text()), typing_too)) - {module}


@cache
def needs(module: str) -> frozenset[str]:
    """All that is imported with a module, by it or by what it imports, to the end."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name in MODULES:
            waiting += imports(name)
            above = name.rpartition(".")[0]
            waiting += [above] if above else []
    return frozenset(found)


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The members of a circle in `graph`, in order; empty where there is none."""
    done: set[str] = set()

    def search(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            found = search(following, [*path, node])
            if found:
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := search(node, []))), [])


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circle({"a": {"b", "d"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]


def test_the_rules_form_no_circle_and_every_room_has_one() -> None:
    assert circle(ROOMS) == []
    assert {_room(module) for module in MODULES} - {""} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_its_rule_allows(room: str) -> None:
    used = {
        f"{module} imports {name}"
        for module in MODULES
        if _room(module) == room
        for name in imports(module, typing_too=True)
        if name in MODULES and _room(name) not in {room, "", *ROOMS[room]}
    }
    assert used == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {name for name in imports(module) if name in MODULES} for module in MODULES}
    assert circle(graph) == []


@pytest.mark.parametrize("room", WITHOUT)
def test_a_room_does_without(room: str) -> None:
    found = {
        f"{module} needs {name}"
        for module in MODULES
        if _room(module) == room
        for name in needs(module)
        for unwanted in WITHOUT[room]
        if (name == unwanted or name.startswith(unwanted + "."))
        and (module, unwanted) not in ALLOWED
    }
    assert found == set()


def test_only_one_module_reads_the_clock() -> None:
    readers = {module for module in MODULES if imports(module) & {"time", "datetime"}}
    assert readers == {"rlbench.clock"}


def test_no_two_modules_of_a_room_have_one_name() -> None:
    """The agents' folders know nothing of each other, so each of them counts as a room here."""
    places: dict[tuple[str, str], list[str]] = {}
    for module, path in MODULES.items():
        if path.stem != "__init__":
            room = ".".join(module.split(".")[1:-1][: 2 if _room(module) == "agents" else 1])
            places.setdefault((room, path.stem), []).append(module)
    assert [modules for modules in places.values() if len(modules) > 1] == []


def test_no_room_holds_more_than_its_share_of_the_lines() -> None:
    lines: Counter[str] = Counter()
    for module, path in MODULES.items():
        lines[_room(module)] += len(path.read_text().splitlines())
    shares = {room: count / lines.total() for room, count in lines.items()}
    assert {room: share for room, share in shares.items() if share > LARGEST_SHARE} == {}


def test_no_module_draws_from_the_global_generator_or_loads_pickles() -> None:
    watches_agents = "rlbench.testing.rules"  # looks at the state of `random`, to see it unchanged
    for module, path in MODULES.items():
        text = path.read_text()
        words = ["np.random.seed", "import pickle", "allow_pickle=True"]
        for word in words + ["import random"] * (module != watches_agents):
            assert word not in text, f"{path}: {word}"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["envs"],
        ["agent=es", "env=CartPole-v1", "budget.env_steps=1"],
        ["agent=es", "env=CartPole-v1", "budget.env_steps=1", "logger=tensorboard"],
        ["claims"],
    ],
)
def test_tensorflow_stays_out(words: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from rlbench.cli.main import main\n"
        f"status = main({words!r} + {[f'results_dir={tmp_path}'] if '=' in words[0] else []!r})\n"
        "bad = {'tensorflow', 'tensorboard', 'keras', 'torch', 'jax'} & set(sys.modules)\n"
        "sys.exit(status or (f'imported {bad}' if bad else 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_package_itself_imports_next_to_nothing() -> None:
    """Until `__main__` has the word, a signal ends the process as Python does."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import rlbench; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", code, str(SOURCE.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "rlbench" in done.stdout.split() and "typing" not in done.stdout.split()
