"""Run directories that were damaged at random, through every command that reads them, and begun
again: no traceback, no hang, no more memory than an honest run takes.

Some dozens of damages in the usual tests; `-m slow` tries a thousand directories and more.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rlbench.config.compose import compose
from rlbench.errors import RlbenchError
from rlbench.harness.experiment import run
from rlbench.harness.plan import name_run
from rlbench.runs.load import load_runs
from support.mutations import MUTATIONS, Mutation, mutate

Damage = tuple[str, Mutation, int]  # a file, what happens to it, and the seed of that
REFERENCE = Path(__file__).parents[2] / "results" / "reference"
HONEST = [
    place
    for runs in (
        "es/CartPole-v1/*/seed[147]", "es/MountainCar-v0/*/seed2", "dqn/CartPole-v1/*/seed[12]",
    )
    for place in sorted((REFERENCE / "classic").glob(runs))
]  # fmt: skip
assert len(HONEST) == 6
RUNS = 20  # in a directory
MAX_CPU_S, MAX_MEMORY_KB = 10.0, 500_000
FILES = ("run.json", "log.jsonl", "summary.json", "config.yaml")
CHECKPOINT = ("checkpoint/checkpoint-*.json", "checkpoint/state-*.npz")
ROWS = ("checkpoint/rows-*.bin",)  # of a replay

EACH_COMMAND = """
import json, re, resource, sys
from pathlib import Path
from rlbench.cli.main import main
runs = sys.argv[1]
for words in (["report", runs], ["claims", runs, "--out", runs], ["tensorboard", runs]):
    before = resource.getrusage(resource.RUSAGE_SELF)
    status = main(words)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Not ru_maxrss, which begins with the peak of the process that started this one.
    peak_kb = int(re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[0])
    print(json.dumps([status, cpu_s, peak_kb]))
"""


def damages(files: tuple[str, ...], most: int) -> st.SearchStrategy[list[Damage]]:
    one = st.tuples(st.sampled_from(files), st.sampled_from(MUTATIONS), st.integers(0, 2**32))
    return st.lists(one, min_size=1, max_size=most)


directories = st.lists(
    st.tuples(st.sampled_from(HONEST), damages(FILES, 4)), min_size=RUNS, max_size=RUNS
)


def check_reading(runs: list[tuple[Path, list[Damage]]]) -> None:
    """Every command on a directory of damaged runs, beside two that are whole."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, honest in enumerate([HONEST[0], HONEST[-1]]):
            shutil.copytree(honest, root / f"whole{number}")
        for number, (honest, changes) in enumerate(runs):
            place = root / f"run{number}"
            shutil.copytree(honest, place, ignore=shutil.ignore_patterns("*.npz"))
            header = json.loads((place / "run.json").read_text())
            # Another seed: of two runs with the same one is left out.
            (place / "run.json").write_text(json.dumps(header | {"seed": 100 + number}))
            for file, mutation, seed in changes:
                mutate(place / file, mutation, seed)
        loaded = load_runs(root)
        assert loaded.found >= 2 and len(loaded.runs) >= 2
        done = subprocess.run(
            [sys.executable, "-c", EACH_COMMAND, name], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        measured = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("[")]
        assert [status for status, *_ in measured] == [0, 0, 0], done.stderr
        assert max(cpu_s for _, cpu_s, _ in measured) < MAX_CPU_S
        assert max(memory for *_, memory in measured) < MAX_MEMORY_KB


FEW = settings(
    max_examples=1, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
MANY = settings(FEW, max_examples=50, derandomize=False)


@FEW
@given(directories)
def test_commands_survive_damaged_runs(
    runs: list[tuple[Path, list[Damage]]],
) -> None:
    check_reading(runs)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@MANY
@given(directories)
def test_commands_survive_a_thousand_damaged_runs(
    runs: list[tuple[Path, list[Damage]]],
) -> None:
    check_reading(runs)


AGENTS = {
    "es": ("agent.population=4", "agent.hidden=[4]"),
    "dqn": (
        "agent.hidden=[4]", "agent.learning_starts_steps=16", "agent.train_every_steps=8",
        "agent.batch_size=8", "agent.replay_capacity_steps=40", "agent.compile=false",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The results of a short run of an agent that can go on."""

    def begin(agent: str) -> Path:
        results = tmp_path_factory.mktemp("begun")
        asked = compose(words(agent, results, 60))
        assert run(asked) == 0
        place = name_run(asked).directory
        files = [*FILES, *CHECKPOINT, *(ROWS if agent == "dqn" else ())]
        assert all(list(place.glob(file)) for file in files)  # all can be damaged
        return results

    return cache(begin)


def words(agent: str, results: Path, env_steps: int) -> list[str]:
    return [
        f"agent={agent}", "env=probe_envs:Counting-v0", f"results_dir={results}", "cores=1",
        "eval.episodes=2", "executor=serial", "env.threshold=null", *AGENTS[agent],
        f"budget.env_steps={env_steps}", "budget.train_seconds=5",
        "checkpoint.every_seconds=0.000001",
    ]  # fmt: skip


def check_going_on(begun: Path, agent: str, changes: list[Damage]) -> None:
    """A damaged run that is started again ends, or is refused in one line."""
    with tempfile.TemporaryDirectory() as name:
        results = Path(name) / "runs"
        shutil.copytree(begun, results)
        asked = compose(words(agent, results, 120))
        place = name_run(asked).directory
        for file, mutation, seed in changes:
            for path in sorted(place.glob(file)):
                mutate(path, mutation, seed)
        with contextlib.suppress(RlbenchError):
            assert run(asked) == 0
            summary = json.loads((place / "summary.json").read_text())
            assert summary["status"] == "budget"


going_on = damages((*FILES, *CHECKPOINT, *CHECKPOINT, *ROWS, "policy.npz", ".clock"), 3)


@pytest.mark.parametrize(("agent", "share"), [("es", 1.0), ("dqn", 0.25)])
@pytest.mark.parametrize(
    "most",
    [16, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])],
)
def test_damaged_runs_go_on_or_are_refused(
    begun: Callable[[str], Path], agent: str, share: float, most: int
) -> None:
    @settings(FEW if most < 100 else MANY, max_examples=int(most * share))
    @given(changes=going_on)
    def check(changes: list[Damage]) -> None:
        check_going_on(begun(agent), agent, changes)

    check()
