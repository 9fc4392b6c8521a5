"""A file of a killed run is cut at a random byte, or some of its bits are flipped."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hurting.cases import SHORT
from hurting.outcome import Outcome
from hurting.runs import Running, Runs
from hurting.trial import Trial
from rlbench.runs.checkpoint import Checkpoints

WHAT = ("index", "arrays", "rows", "log")
HOW = ("cut", "flipped bits")
ROWS_HIT = 2  # by flipped bits in one place of a log: one, or two that have become one line
LOOK_EVERY_S = 0.02


def trials(
    numbers: range, runs: Runs, cases: Mapping[str, Sequence[str]] = SHORT
) -> Iterator[Trial]:
    """Each agent in turn, each file, each damage."""
    for number in numbers:
        case = list(cases)[number % len(cases)]
        rng, place = random.Random(number), runs.place(f"damage-{number}")
        if not _killed_with_two_checkpoints(cases[case], place, runs, rng):
            yield Trial("damage", number, case, hurt=False, by="the run was over each time")
            continue
        yield _trial(number, case, cases[case], place, runs, rng)


def _trial(
    number: int, case: str, words: Sequence[str], place: Path, runs: Runs, rng: random.Random
) -> Trial:
    (header,) = place.rglob("run.json")
    what = WHAT[number // 2 % len(WHAT)]
    how = HOW[number // 2 // len(WHAT) % len(HOW)]
    file = _file(header.parent, what, rng)
    if file is None:  # an agent without a replay
        what, file = "arrays", _file(header.parent, "arrays", rng)
    assert file is not None
    (cut if how == "cut" else flip)(file, rng)
    problems, said = _judge(words, place, header.parent, file, runs)
    if not problems:
        shutil.rmtree(place)
    name = f"{case}: {what}, {how}"
    return Trial("damage", number, name, saved=True, problems=problems, by=said)


def cut(file: Path, rng: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: rng.randrange(len(content))])


def flip(file: Path, rng: random.Random) -> None:
    """One to eight bits of one byte."""
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
    file.write_bytes(bytes(content))


def _killed_with_two_checkpoints(
    words: Sequence[str], place: Path, runs: Runs, rng: random.Random
) -> bool:
    """Kill a run at a random moment after its second checkpoint, sooner where it was over."""
    _, took_s = runs.undisturbed(words)
    for longest_s in (took_s / 2, took_s / 5, 0.0):
        shutil.rmtree(place, ignore_errors=True)
        with Running([*words, f"results_dir={place}"]) as run:
            while len(list(place.rglob("checkpoint-*.json"))) < 2:
                if not run.goes_on_for(LOOK_EVERY_S):
                    break
            went_on = run.goes_on_for(rng.uniform(0.0, longest_s))
            run.kill()
        if went_on and not any(place.rglob("summary.json")):  # else it was about to end
            return True
    return False


def _file(folder: Path, what: str, rng: random.Random) -> Path | None:
    """Of the newest checkpoint, or the log; of the files of rows one that it names."""
    checkpoints = Checkpoints(folder / "checkpoint")
    newest = next(checkpoints.numbers())
    index = checkpoints.index(newest)
    if what == "rows":
        names = sorted(set(re.findall(r"rows-[\w-]+\.bin", index.read_text())))
        return index.with_name(rng.choice(names)) if names else None
    arrays = index.with_name(f"state-{newest}.npz")
    return {"index": index, "arrays": arrays, "log": folder / "log.jsonl"}[what]


def _judge(
    words: Sequence[str], place: Path, folder: Path, file: Path, runs: Runs
) -> tuple[list[str], str]:
    """What is not as it should be once the same command was given, and what it did instead."""
    with Running([*words, f"results_dir={place}"]) as run:
        status, err = run.end()
        problems = run.left()
    if "Traceback" in err:
        return [*problems, "a traceback"], ""
    named = file.name in err
    if status == 1 and named and file.name.startswith("rows-") and err.count("\n") == 1:
        return problems, "refused by name, as both checkpoints have these rows"
    if status != 0:
        return [*problems, f"status {status}: {err.strip()[-200:]}"], ""
    found = list(runs.differences(words, place))
    if not found:
        before = "going on from the one before" in err or "from the checkpoint before" in err
        return problems, "the one before was used" if before else "what was hit was not needed"
    if named and file.name == "log.jsonl":
        whole = next(iter(runs.undisturbed(words)[0].values()))
        found = list(_beside_lost_rows(Outcome.of(folder), whole))
        return [*problems, *found], "rows of the log are gone, and that is said"
    return [*problems, *found], ""


def _beside_lost_rows(found: Outcome, whole: Outcome) -> Iterator[str]:
    """Where a run differs in more than in rows that are missing."""
    strange = [row for row in found.rows if row not in whole.rows]
    if len(strange) > ROWS_HIT:
        yield f"{len(strange)} rows are others"
    kept = Outcome(whole.rows, found.state, found.summary)
    yield from kept.differences(whole)
