"""All that reads run directories, for tests that give them hostile ones.

`python -m support.readers NAME PLACE ...` calls one reader with each place, and prints for each a
line of JSON: the exit status (null where it raised an error that is not rlbench's), CPU-seconds,
the memory at its peak, and what it wrote to stderr. A reader that does not return is ended after
LIMIT_S seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from rlbench.cli.main import main

LIMIT_S = 120
WORDS = (
    "agent=es", "env=CartPole-v1", "agent.population=8", "agent.hidden=[4]", "cores=1",
    "executor=serial", "stop_at_threshold=false", "eval.episodes=2", "budget.train_seconds=5",
)  # fmt: skip
BUDGET, LARGER = "budget.env_steps=1500", "budget.env_steps=1800"


def run_of(results: Path) -> Path:
    """The directory of the run that WORDS make below `results`."""
    (setup,) = results.glob("es/CartPole-v1/*")
    return setup / "seed0"


def load_run(results: Path, out: Path) -> int:
    import rlbench

    rlbench.load_run(run_of(results))
    return 0


def load_runs(results: Path, out: Path) -> int:
    import rlbench

    found = rlbench.load_runs(results)
    for shown in (found, found.frame(), found.evaluations(), found.ratios(), found.answer):
        str(shown)
    print(*found.problems, sep="\n", file=sys.stderr)
    return 0


def load_policy(results: Path, out: Path) -> int:
    import rlbench

    run = run_of(results)
    for source in (run, run / "policy-best.npz"):
        rlbench.load_policy(source)
    return 0


def evaluate(results: Path, out: Path) -> int:
    run = run_of(results)
    words = ["--episodes", "2", "--csv", f"{out}.csv"]
    return main(["evaluate", str(run), *words]) or main(["evaluate", f"{run}/policy-best.npz"])


# A new command that reads runs goes here: of the one run below `results`, or of all of them; WRITE
# names those that write there.
ONE: dict[str, Callable[[Path, Path], int]] = {
    "load_run": load_run,
    "load_policy": load_policy,
    "scale": lambda results, out: main(["scale", str(run_of(results)), "--workers", "1,2"]),
    "evaluate": evaluate,
    "export": lambda results, out: main(["export", str(run_of(results)), "--out", f"{out}.onnx"]),
    "watch": lambda results, out: main(
        ["watch", str(run_of(results)), "--seconds", "1", "--out", f"{out}.gif"]
    ),
    "race": lambda results, out: main(
        ["race", *[str(run_of(results))] * 2, "--at", "0", "--seconds", "1", "--out", f"{out}.gif"]
    ),
    "dream": lambda results, out: main(["dream", str(run_of(results)), "--out", str(out)]),
    "going on": lambda results, out: main([*WORDS, LARGER, f"results_dir={results}"]),
}
WRITE = {"going on"}
ALL: dict[str, Callable[[Path, Path], int]] = {
    "load_runs": load_runs,
    "report": lambda results, out: main(["report", str(results), "--out", str(out)]),
    "claims": lambda results, out: main(["claims", str(results), "--out", str(out)]),
    "tensorboard": lambda results, out: main(
        ["tensorboard", str(results), "--out", str(out), "--histograms", "--td-errors", "--graph"]
    ),
}


def read(name: str, results: Path, out: Path) -> dict[str, object]:
    """What came of one reader."""
    from rlbench.errors import RlbenchError

    said = io.StringIO()
    _forget_peak()
    began_s = time.process_time()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status: int | None = {**ONE, **ALL}[name](results, out)
        except RlbenchError as error:
            status = 1
            print(f"rlbench: {error}", file=sys.stderr)
        except BaseException:
            status = None
            traceback.print_exc()
    cpu_s = time.process_time() - began_s
    return {"status": status, "cpu_s": cpu_s, "peak_mb": _peak_mb(), "said": said.getvalue()}


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    for place in sys.argv[2:]:
        signal.alarm(LIMIT_S)
        with tempfile.TemporaryDirectory() as folder:
            found = read(sys.argv[1], Path(place), Path(folder) / "out")
        print(json.dumps({"place": place, **found}), flush=True)
