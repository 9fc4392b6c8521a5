"""Find the runs below a directory and load what can be believed; name what cannot."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from rlbench.runs.log import Log, read_log
from rlbench.runs.reading import (
    MAX_RETURN,
    MAX_SECONDS,
    MAX_STEPS,
    UnreadableFileError,
    number,
    printable,
    read_object,
    text,
    whole,
)
from rlbench.runs.records import Clock, Mark, Run, Status

SCHEMA = 1
MAX_LEVELS = 32

_SUMMARY_NUMBERS = (
    "final_return_mean",
    "best_return_mean",
    "env_frames",
    "episodes",
    "eval_s",
    "startup_s",
    "checkpoint_s",
    "unattributed_s",
    "wall_s",
    "cpu_s",
    "env_steps_per_s",
    "peak_rss_mb",
    "workers",
)
_RUN_TEXTS = ("python", "platform", "git_commit")
_RUN_NUMBERS = ("cpu_count", "memory_mb", "concurrent_jobs", "frame_skip")


@dataclass(frozen=True)
class LoadedRuns:
    """All runs that could be loaded, in a fixed order, and one line for each thing passed over."""

    runs: tuple[Run, ...]
    problems: tuple[str, ...]
    found: int  # run directories, loadable or not


def find_run_directories(directory: Path, skip: Path | None = None) -> Iterator[Path]:
    """Every directory at or below `directory` that holds a run.json, in name order.

    Neither links nor `skip` (the report's own output) nor the inside of a run are entered.
    """
    skipped = None if skip is None else skip.resolve()
    for place, folders, names in os.walk(directory, followlinks=False):
        here = Path(place)
        if skipped is not None and here.resolve() == skipped:
            folders.clear()
            continue
        if "run.json" in names:
            folders.clear()
            yield here
        folders.sort()


def load_runs(directory: Path, skip: Path | None = None) -> LoadedRuns:
    """Load every run below `directory`; what is torn, foreign or doubled is named instead."""
    runs: list[Run] = []
    problems: list[str] = []
    found = 0
    for place in find_run_directories(directory, skip):
        found += 1
        name = PurePath(place.relative_to(directory))
        run, notes = load_run(place, name)
        shown = printable(str(name))
        problems.extend(f"{shown}: {note}" for note in notes)
        if run is not None:
            runs.append(run)
    kept, doubles = _newest_of_each(runs)
    return LoadedRuns(tuple(kept), (*problems, *doubles), found)


def load_run(place: Path, name: PurePath) -> tuple[Run | None, list[str]]:
    """Load one run directory.

    Returns:
        The run, or None where nothing of it can be used; and notes on what was passed over.
    """
    try:
        header = read_object(place / "run.json")
    except UnreadableFileError as error:
        return None, [f"run.json {error}: passed over"]
    refusal = _refuse(header)
    if refusal:
        return None, [f"{refusal}: passed over"]
    try:
        log = read_log(place / "log.jsonl", _cores(header))
    except UnreadableFileError as error:
        return None, [f"log.jsonl {error}: passed over"]
    notes = list(log.notes)
    if len(log.evaluations) == 0:
        return None, [*notes, "log.jsonl has no evaluation yet: passed over"]
    summary: Mapping[str, Any] | None
    try:
        summary = read_object(place / "summary.json")
    except UnreadableFileError as error:
        summary = None
        if log.end_status is not None:
            notes.append(f"summary.json {error}: taken as a run still going or killed")
    run = replace(_compose(name, header, log, summary), directory=place)
    notes.extend(_contradictions(run, summary))
    return run, notes


def _refuse(header: Mapping[str, Any]) -> str:
    """Why run.json cannot be used; empty where it can."""
    schema = whole(header.get("schema"), 1, 10**6)
    if schema is None:
        return "run.json has no schema number, so it is not a run of rlbench"
    if schema > SCHEMA:
        return f"run.json has schema {schema}, written by a newer rlbench; this one reads {SCHEMA}"
    for key in ("agent", "env", "setup", "fingerprint"):
        if not text(header.get(key)).strip():
            return f"run.json has no usable {key}"
    if whole(header.get("seed"), 0, 2**63) is None:
        return "run.json has no usable seed"
    return ""


def _compose(
    name: PurePath, header: Mapping[str, Any], log: Log, summary: Mapping[str, Any] | None
) -> Run:
    threshold = number(header.get("threshold"), -MAX_RETURN, MAX_RETURN)
    levels = _levels(header.get("levels", header.get("thresholds")), threshold)
    budget = header.get("budget")
    limits: Mapping[str, Any] = budget if isinstance(budget, dict) else {}
    argv = header.get("argv")
    words = argv if isinstance(argv, list) else []
    facts: dict[str, str | float | None] = {key: text(header.get(key)) for key in _RUN_TEXTS}
    facts |= {key: number(header.get(key), 0, MAX_STEPS) for key in _RUN_NUMBERS}
    facts |= {
        key: number((summary or {}).get(key), -MAX_RETURN, MAX_RETURN) for key in _SUMMARY_NUMBERS
    }
    shared = (summary or {}).get("contention")
    shares = shared if isinstance(shared, dict) else {}
    facts |= {key: number(shares.get(key), 0, 1) for key in ("others_share", "stolen_share")}
    # Published Atari scores were made without sticky actions; most of ours are made with them.
    shown = header.get("preprocessing")
    preprocessing = shown if isinstance(shown, dict) else {}
    facts["sticky_actions"] = number(preprocessing.get("sticky_actions"), 0, 1)
    facts["error"] = text((summary or {}).get("error"))
    return Run(
        path=name,
        agent=text(header.get("agent")),
        env=text(header.get("env")),
        seed=whole(header.get("seed"), 0, 2**63) or 0,
        setup=text(header.get("setup")),
        learning=text(header.get("learning")),
        fingerprint=text(header.get("fingerprint")),
        rlbench=text(header.get("rlbench")),
        threshold=threshold,
        levels=levels,
        stop_level=max(levels, default=None) if header.get("stop_at_levels") is True else threshold,
        random_return=number(header.get("random_return"), -MAX_RETURN, MAX_RETURN),
        budget_train_s=_positive(limits.get("train_seconds"), MAX_SECONDS),
        budget_env_steps=_positive(limits.get("env_steps"), MAX_STEPS),
        cores=_cores(header),
        cpu_model=text(header.get("cpu_model")),
        device=text(header.get("device")),
        executor=text(header.get("executor")),
        precision=text(header.get("precision")),
        eval_episodes=whole(header.get("eval_episodes"), 1, 10**6),
        started_at=text(header.get("started_at")),
        argv=tuple(text(word) for word in words[:200]),
        status=_status(log, summary),
        attempts=log.attempts,
        end=log.end,
        evaluations=log.evaluations,
        reached={level: _first_reached(log, level, level == threshold) for level in levels},
        failed_confirmations=log.failed_confirmations,
        facts=facts,
    )


def _cores(header: Mapping[str, Any]) -> int | None:
    return whole(header.get("cores"), 1, 10**6)


def _positive(value: object, high: float) -> float | None:
    found = number(value, 0.0, high)
    return found or None


def _levels(value: object, threshold: float | None) -> tuple[float, ...]:
    listed = value if isinstance(value, list) else []
    levels = {number(v, -MAX_RETURN, MAX_RETURN) for v in listed[:MAX_LEVELS]} | {threshold}
    return tuple(sorted(level for level in levels if level is not None))


def _status(log: Log, summary: Mapping[str, Any] | None) -> Status:
    if summary is None or log.end_status is None:
        return "unfinished"
    return log.end_status


def _first_reached(log: Log, level: float, needs_confirmation: bool) -> Mark | None:
    """When a level was first reached, from the log's rows alone."""
    evaluations = log.evaluations
    if not needs_confirmation:
        above = [i for i, mean in enumerate(evaluations.return_mean) if mean >= level]
        if not above:
            return None
        index = above[0]
        at = evaluations.clock(index)
    else:
        confirmed = [clock for value, clock in log.confirmed if value == level]
        if not confirmed:
            return None
        at = confirmed[0]
        index = sum(
            evaluations.train_s[i] <= at.train_s and evaluations.env_steps[i] <= at.env_steps
            for i in range(len(evaluations))
        )
        index -= 1  # the evaluation that triggered the confirmation
    previous: Clock | None = evaluations.clock(index - 1) if index > 0 else None
    return Mark(at, previous)


def _contradictions(run: Run, summary: Mapping[str, Any] | None) -> Iterator[str]:
    """Where the summary and the log disagree; the log is what the report goes by."""
    if summary is None:
        return
    solved = summary.get("solved_at")
    stated = number(solved.get("train_s"), 0, MAX_SECONDS) if isinstance(solved, dict) else None
    logged = None if run.solved_at is None else run.solved_at.at.train_s
    if (stated is None) != (logged is None) or (
        stated is not None
        and logged is not None
        and not math.isclose(stated, logged, rel_tol=1e-6, abs_tol=1e-3)
    ):
        yield (
            f"summary.json says solved at {_shown(stated)}, log.jsonl {_shown(logged)}: "
            "the log is taken"
        )


def _shown(value: float | None) -> str:
    return "never" if value is None else f"{value:g} s"


def _newest_of_each(runs: list[Run]) -> tuple[list[Run], list[str]]:
    """Drop runs that repeat another's seed under the same conditions: they are not independent."""
    newest: dict[tuple[object, ...], Run] = {}
    notes: list[str] = []
    for run in runs:
        key = (run.env, run.agent, run.setup, run.fingerprint, run.cpu_model, run.rlbench, run.seed)
        other = newest.get(key)
        if other is None:
            newest[key] = run
            continue
        kept, left = (run, other) if run.started_at > other.started_at else (other, run)
        newest[key] = kept
        notes.append(
            f"{printable(str(left.path))}: same setup and seed as {printable(str(kept.path))}, "
            "which is used: passed over"
        )
    order = sorted(
        newest.values(), key=lambda run: (run.env, run.agent, run.setup, run.seed, str(run.path))
    )
    return order, notes
