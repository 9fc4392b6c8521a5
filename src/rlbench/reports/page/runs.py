"""One run in detail: its configuration, its machine, and where its wall time went."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.analysis.groups import Group
from rlbench.reports.page.model import Configuration, Phase, RunDetail
from rlbench.runs.reading import UnreadableFileError, open_regular, printable
from rlbench.runs.records import Run
from rlbench.wording import agent_name, amount, count, significant

BAR = 1000.0
MAX_CONFIG_BYTES = 32_000
MAX_CONFIG_LINES = 400
RUN_FILES = ("config.yaml", "run.json", "log.jsonl", "summary.json")
_SEED = re.compile(rb"^seed: \d+$", re.MULTILINE)

_PHASES = (
    ("startup", "start-up", "startup_s"),
    ("train", "training", "train_s"),
    ("eval", "evaluation", "eval_s"),
    ("checkpoint", "checkpoints", "checkpoint_s"),
    ("unattributed", "unattributed", "unattributed_s"),
)


def run_details(data: Sequence[EnvironmentAnalysis], out: Path) -> Iterator[tuple[str, RunDetail]]:
    """(the run's directory as runs.csv has it, its detail), in the order of runs.csv.

    out: where the page will lie; links are relative to it. A configuration is shown with the first
    of a group's runs that differ in nothing but the seed; the others name it.
    """
    number = 0
    shown: dict[tuple[object, ...], RunDetail] = {}
    for part in data:
        for group in part.groups.groups:
            for run in group.runs:
                number += 1
                content = _config(run.directory)
                # Of one group, which filters show or hide as a whole: a link needs its run.
                key = run.env, group.label, _SEED.sub(b"", content, count=1)
                config = Configuration(_shown(content), shown.get(key) if content else None)
                detail = _detail(run, group, f"run-{number}", out, config)
                shown.setdefault(key, detail)
                yield run.path.as_posix(), detail


def _detail(run: Run, group: Group, anchor: str, out: Path, config: Configuration) -> RunDetail:
    place = run.directory
    phases, wall = _phases(run)
    return RunDetail(
        anchor=anchor,
        title=f"{run.env}, {agent_name(group.label)}, seed {run.seed}",
        outcome=_outcome(run),
        env=run.env,
        agent=run.agent,
        cores="" if run.cores is None else str(run.cores),
        facts=tuple(_facts(run)),
        phases=phases,
        wall=wall,
        config=config,
        directory=run.path.as_posix(),
        links=tuple(_links(place, out)),
    )


def _outcome(run: Run) -> str:
    solved = run.solved_at
    if solved is not None:
        return f"solved after {amount(solved.at.train_s, 'train_s')} of training"
    words = {
        "solved": "ended as solved, without a confirmation in its log",
        "budget": "used its budget up without solving it",
        "interrupted": "interrupted",
        "failed": "failed",
        "unfinished": "still going, or killed",
    }[run.status]
    return f"{words}: {run.error}" if run.error else words


def _phases(run: Run) -> tuple[tuple[Phase, ...], str]:
    """The parts of the wall time, where all are known; and their sum."""
    seconds: list[tuple[str, str, float]] = []
    for key, name, field in _PHASES:
        value: float = getattr(run.end, field)
        if math.isfinite(value):
            seconds.append((key, name, value))
    total = sum(value for _, _, value in seconds)
    if total <= 0 or len(seconds) < len(_PHASES):
        return (), ""
    phases = []
    start = 0.0
    for key, name, value in seconds:
        width = BAR * value / total
        phases.append(
            Phase(
                key, name, f"{significant(value)} s", f"{100 * value / total:.1f} %",
                round(start, 2), round(width, 2),
            )
        )  # fmt: skip
        start += width
    return tuple(phases), f"{significant(total)} s"


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    if run.threshold is not None:
        yield "Threshold", f"a mean return of {significant(run.threshold)}"
    if run.budget_train_s is not None:
        yield "Budget", amount(run.budget_train_s, "train_s") + " of training"
    if run.budget_env_steps is not None:
        yield "Budget in steps", count(run.budget_env_steps)
    yield "Cores", "unknown" if run.cores is None else str(run.cores)
    yield "CPU", run.cpu_model or "unknown"
    yield (
        "Device, executor, precision",
        ", ".join(word or "unknown" for word in (run.device, run.executor, run.precision)),
    )
    yield from _costs(run)
    yield (
        "Evaluations",
        f"{len(run.evaluations)}, of {run.eval_episodes or 'unknown'} episodes each",
    )
    if run.failed_confirmations:
        yield "Confirmations that failed", str(run.failed_confirmations)
    if run.attempts > 1:
        yield "Attempts", str(run.attempts)
    if run.end.lost_train_s or run.end.lost_env_steps:
        steps = count(run.end.lost_env_steps)
        lost = (
            f"{amount(run.end.lost_train_s, 'train_s')} of training and {steps} steps, not counted"
        )
        yield "Lost to interruptions", lost
    yield "Started (UTC)", run.started_at or "unknown"
    yield "rlbench", run.rlbench or "unknown"
    yield "Commit", run.machine.git_commit or "unknown"
    yield "Setup, learning, conditions", ", ".join((run.setup, run.learning, run.fingerprint))
    yield "Command line", " ".join(run.argv) or "unknown"


def _costs(run: Run) -> Iterator[tuple[str, str]]:
    """What the run took, and what there was to take, as far as it is known."""
    machine = run.machine
    for name, value, unit in (
        ("CPU time in all", run.end.cpu_s, "CPU-s"),
        ("Environment steps a training second", run.end.env_steps_per_s, ""),
        ("Peak memory", run.peak_rss_mb, "MB"),
        ("Workers", run.workers, ""),
        ("Cores of the machine", machine.cpu_count, ""),
        ("Memory of the machine", machine.memory_mb, "MB"),
        ("Jobs at once", run.concurrent_jobs, ""),
    ):
        if value is not None and math.isfinite(value):
            yield name, f"{count(value)} {unit}".strip()
    for name, share in (
        ("Share of the cores' time that other processes had", run.others_share),
        ("Share of the cores' time that jobs of the same sweep had", run.siblings_share),
        ("Share of the cores' time given to other machines", run.stolen_share),
    ):
        if share is not None:
            yield name, f"{share:.1%}".replace("%", " %")


def _config(place: Path) -> bytes:
    """The run's config.yaml; empty where it cannot be read."""
    try:
        descriptor = open_regular(place / "config.yaml", MAX_CONFIG_BYTES)
    except UnreadableFileError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(MAX_CONFIG_BYTES)
        except OSError:
            return b""


def _shown(content: bytes) -> str:
    """A configuration as text, made printable."""
    lines = content.decode("utf-8", "replace").splitlines()
    return "\n".join(printable(line) for line in lines[:MAX_CONFIG_LINES])


def _links(place: Path, out: Path) -> Iterator[tuple[str, str]]:
    try:
        base = Path(os.path.relpath(place, out)).as_posix()
    except ValueError:  # another drive
        return
    for name in RUN_FILES:
        if (place / name).is_file():
            # Quoted wholly, so that no name can pass for an address of another kind.
            yield name, "./" + quote(f"{base}/{name}", safe="/", errors="replace")
