"""The time of day jumps forwards and backwards, from the start of the process to its end."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hurting.cases import SHORT
from hurting.runs import LIMIT_S, Running, Runs
from hurting.trial import MissingError, Trial

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
JUMPS_S = (86_400, -86_400, 3_600, -3_600, 315_360_000, -315_360_000, 0)
EVERY_S = 0.25
SLACK_S = 1.0


def library() -> Path:
    """libfaketime, which shows a process another time of day. Raises MissingError."""
    found = [path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    if not found:
        raise MissingError(
            "libfaketime is not installed (Debian and Ubuntu: apt-get install faketime)"
        )
    return found[0]


def trials(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = SHORT
) -> Iterator[Trial]:
    """Another time of day four times a second. Steady clocks stay as they are: nobody sets them."""
    preload = library()
    for number in numbers:
        case = list(cases)[number % len(cases)]
        runs.undisturbed(cases[case])
        place = runs.place(f"clock-{number}")
        shown = place.with_name(f"{place.name}.time")
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text("+0\n")
        environment = {
            "LD_PRELOAD": str(preload), "FAKETIME_TIMESTAMP_FILE": str(shown),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        rng, jumps = random.Random(number), 0
        began_s = time.perf_counter()
        with Running([*cases[case], f"results_dir={place}"], **environment) as run:
            while run.goes_on_for(EVERY_S) and time.perf_counter() - began_s < LIMIT_S:
                shown.write_text(f"{rng.choice(JUMPS_S):+d}\n")
                jumps += 1
            status, err = run.end()
            took_s = time.perf_counter() - began_s
            problems = run.left()
        if status == 0 and not err:
            problems += runs.differences(cases[case], place)
            problems += wild_durations(place, took_s)
        else:
            problems.append(f"status {status}: {err.strip()[-200:]}")
        if not problems:
            shutil.rmtree(place)
        by = f"libfaketime, {jumps} jumps of up to ten years"
        yield Trial("clock", number, case, problems=problems, by=by)


def wild_durations(place: Path, took_s: float) -> Iterator[str]:
    """Durations that are negative, longer than the run took, or shrink."""
    (log,) = place.rglob("log.jsonl")
    before = 0.0
    for line in log.read_text().splitlines():
        row = json.loads(line)
        for name in (name for name in row if name.endswith("_s") and not name.endswith("cpu_s")):
            if row[name] is not None and not -1e-3 <= row[name] <= took_s + SLACK_S:
                yield f"row {row['seq']}: {name} is {row[name]}"
        if row["wall_s"] < before and row["kind"] != "solved":
            yield f"row {row['seq']}: wall_s goes back"
        before = row["wall_s"]
