"""docs/reliability.md, from the trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hurting.trial import Trial

WORDS = {"kill": "killed (`kill -9`) at a random moment"}


def page(trials: Sequence[Trial], version: str, cpu: str) -> str:
    """The page as text."""
    return "\n".join(_lines(trials, version, cpu)) + "\n"


def _lines(trials: Sequence[Trial], version: str, cpu: str) -> Iterator[str]:
    yield "# What runs survive"
    yield ""
    yield (
        "Written by `scripts/hurt`, which hurts runs, gives the same command again, and compares "
        "what they come to with a run that was left alone: all rows that count but for columns of "
        "time, the agent's whole state to the byte, the outcome and `solved_at` in steps. Each run "
        "takes some seconds; moments are uniform over its length, start-up included, so some are "
        "before there is anything to save, and a run that was faster than expected is over by "
        f"then. rlbench {version}, {cpu}."
    )
    for kind, words in WORDS.items():
        found = [trial for trial in trials if trial.kind == kind]
        if not found:
            continue
        yield ""
        yield f"## Runs that were {words}"
        yield ""
        yield (
            "| run | tried | hurt before its end | with a checkpoint by then "
            "| the same as undisturbed |"
        )
        yield "|---|---|---|---|---|"
        for case in dict.fromkeys(trial.case for trial in found):
            yield _row(case, [trial for trial in found if trial.case == case])
        yield _row("all", found)
        for trial in found:
            for problem in trial.problems:
                moment = f"{trial.moment_s:g} s"
                yield f"\n- {kind} {trial.number}, {trial.case}, after {moment}: {problem}"


def _row(name: str, trials: Sequence[Trial]) -> str:
    hurt, saved = sum(t.hurt for t in trials), sum(t.hurt and t.saved for t in trials)
    same = sum(not t.problems for t in trials)
    return f"| {name} | {len(trials)} | {hurt} | {saved} | {same} |"
