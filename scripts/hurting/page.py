"""docs/reliability.md, from the trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hurting.kinds import KINDS
from hurting.trial import Trial

INTRODUCTION = (
    "Written by `scripts/hurt`, which hurts runs, gives the same command again, and compares what "
    "they come to with a run that was left alone: all rows that count but for columns of time, the "
    "agent's whole state to the byte, the outcome and `solved_at` in steps. Random moments are "
    "uniform over the length of a run, start-up included, so some are before there is anything to "
    "save, and a run that was faster than expected is over by then and shows nothing. Budgets are "
    "in steps; with one in seconds a run ends at another step, as any two runs do."
)


def page(trials: Sequence[Trial], version: str) -> str:
    """The page as text."""
    return "\n".join(_lines(trials, version)) + "\n"


def _lines(trials: Sequence[Trial], version: str) -> Iterator[str]:
    yield "# What runs survive"
    yield ""
    yield f"{INTRODUCTION} rlbench {version}."
    for name, kind in KINDS.items():
        found = [trial for trial in trials if trial.kind == name]
        if not found:
            continue
        yield from ("", f"## {kind.title}", "", kind.expected, "")
        yield from _table(found)
        for trial in found:
            for problem in trial.problems:
                moment = "" if trial.moment_s is None else f" after {trial.moment_s:g} s"
                yield f"\n- {name} {trial.number}, {trial.case}{moment}: {problem}"


def _table(trials: Sequence[Trial]) -> Iterator[str]:
    """A row for each case, and one for all where there are several. How, or what it led to, stands
    once for all of them where that is the same."""
    moments = any(trial.moment_s is not None for trial in trials)
    columns = ["run", "tried", *(["hurt before its end"] if moments else [])]
    columns += ["with a checkpoint by then"] * any(trial.saved for trial in trials)
    columns += ["as it should be"]
    ways = Counter(trial.by for trial in trials if trial.by)
    columns += ["how"] * bool(ways)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    cases = dict.fromkeys(trial.case for trial in trials)
    for case in cases:
        yield _row(case, [trial for trial in trials if trial.case == case], columns)
    if len(cases) > 1:
        yield _row("all", trials, columns, ways=False)


def _row(name: str, trials: Sequence[Trial], columns: Sequence[str], *, ways: bool = True) -> str:
    found = {
        "run": name,
        "tried": len(trials),
        "hurt before its end": sum(t.hurt for t in trials),
        "with a checkpoint by then": sum(t.hurt and t.saved for t in trials),
        "as it should be": sum(not t.problems for t in trials),
        "how": "; ".join(_ways(trials)) if ways else "",
    }
    return f"| {' | '.join(str(found[column]) for column in columns)} |"


def _ways(trials: Sequence[Trial]) -> Iterator[str]:
    counts = Counter(trial.by for trial in trials if trial.by)
    for way, times in counts.items():
        yield way if len(counts) == 1 else f"{way} ({times})"
