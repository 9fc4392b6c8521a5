"""What `import rlbench` gives, and what it costs."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import rlbench
import rlbench.api
import rlbench.collection

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pandas", "hydra", "omegaconf", "gymnasium", "tensorflow", "pydantic", "psutil")


def test_the_import_is_light() -> None:
    program = (
        "import os, sys, time\n"
        "variables, began = dict(os.environ), time.process_time()\n"  # not what others took
        "import rlbench\n"
        "seconds = time.process_time() - began\n"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]\n"
        "print(seconds, heavy, variables == dict(os.environ))"
    )
    measured = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        seconds, _, rest = done.stdout.strip().partition(" ")
        assert rest == "[] True", done.stderr
        measured.append(float(seconds))
    assert min(measured) < 0.1


def test_all_names_are_there() -> None:
    named = {name for names in rlbench._MODULES.values() for name in names}
    assert set(rlbench.__all__) == named | {"__version__"} == set(dir(rlbench))
    for module, names in rlbench._MODULES.items():
        for name in names:
            found = getattr(rlbench, name)
            assert found.__module__ == module, name
            assert found.__doc__, name
    with pytest.raises(AttributeError, match="module 'rlbench' has no attribute 'rum'"):
        rlbench.rum  # noqa: B018


def test_functions_keep_their_names_when_the_rooms_behind_them_are_imported() -> None:
    import rlbench.reports.build
    import rlbench.sweeps.launch

    for name in ("report", "sweep", "run", "evaluate", "compare"):
        assert callable(getattr(rlbench, name)), name


@pytest.mark.parametrize("module", [rlbench.api, rlbench.collection])
def test_examples_in_docstrings_are_true(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert failed == 0
    assert tried > 0 or module is rlbench.collection


USER = """\
from typing import assert_type

import numpy as np
import pandas
import rlbench
from numpy.typing import NDArray

run = rlbench.run(agent="es", budget={"train_seconds": 60})
assert_type(run, rlbench.Run)
assert_type(run.evaluations.return_mean, NDArray[np.float64])
assert_type(rlbench.load_runs("results").ratios(), pandas.DataFrame)
assert_type(rlbench.load_policy(run), rlbench.Policy)
assert_type(rlbench.evaluate(rlbench.load_policy(run)).return_mean, float)
with rlbench.make_agent() as agent:
    assert_type(agent.advance(10), dict[str, float | int])
rlbench.run(agent=1)
"""


def test_a_user_s_type_checker_sees_the_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(USER)
    # From the checkout, whose configuration and cache `scripts/test` has used just before.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(program)], cwd=ROOT, capture_output=True, text=True
    )
    (error,) = (line for line in done.stdout.splitlines() if ": error: " in line)
    expected = 'Argument "agent" to "run" has incompatible type "int"; expected "str"'
    assert expected in error, done.stderr
