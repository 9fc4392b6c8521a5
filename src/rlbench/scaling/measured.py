"""What a run measured, as the model's work: from its log, its configuration and its policy."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from rlbench.arrays import open_arrays
from rlbench.errors import ReportError
from rlbench.opening import UnreadableFileError
from rlbench.runs.columns import Clock
from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import Header, read_header
from rlbench.runs.load import load_run
from rlbench.runs.log import FILE as LOG
from rlbench.runs.log import LogFile, Row, kept_rows
from rlbench.runs.reading import MAX_STEPS, number, whole
from rlbench.runs.records import Run
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.work import (
    DQNWork,
    ESWork,
    FloatArray,
    Stretch,
    Work,
    fitted_dqn,
    fitted_es,
)

POLICY = "policy.npz"
MAX_POLICY_BYTES = 2**30
MAX_STRETCHES = 200
MAX_EPISODES = 10_000  # of one evaluation
MAX_POPULATION = 100_000
BLOCK_MEMBERS = 8  # of ES where its setting is auto
LOCK_STEP_LANES = 64  # that ES gives a worker at most
FRAME_BYTES, FLOAT_BYTES = 84 * 84, 4


@dataclass(frozen=True)
class Measured:
    """A run's work. goal: up to when it is counted, in words. goal_s: the training seconds that it
    took."""

    run: Run
    work: Work
    goal: str
    goal_s: float


def read_measured(directory: Path, hardware: Hardware) -> Measured:
    """The work of the run in a directory, which may be a stranger's.

    Raises ReportError, with one line, where there is no run, or `measured` does.
    """
    try:
        header = read_header(directory)
    except UnreadableFileError as error:
        raise ReportError(f"{directory}: {HEADER} {error}; takes the directory of a run") from None
    run, notes = load_run(directory, PurePath(directory.name))
    if run is None:
        raise ReportError(f"{directory}: {notes[-1].removesuffix(': passed over')}")
    return measured(run, header, hardware)


def measured(run: Run, header: Header, hardware: Hardware) -> Measured:
    """The work of a run of ES or DQN, to its threshold or, where it was not reached, its end.

    Raises ReportError, with one line, where the run is of another agent or did not measure enough.
    """
    if run.agent not in ("es", "dqn"):
        raise ReportError(f"{run.directory}: a run of {run.agent}; takes runs of es or dqn")
    end = run.end if run.solved_at is None else run.solved_at.at
    goal = "the end of the run" if run.solved_at is None else f"the threshold {run.threshold:g}"
    try:
        file = CONFIGURATION
        settings = read_configuration(run.directory).get("agent")
        file = POLICY
        parameters, inputs = _network(run.directory / POLICY)
        file = LOG
        rows = _rows(run.directory / LOG)
    except UnreadableFileError as error:
        raise ReportError(f"{run.directory}: {file} {error}") from None
    cores = run.cores or 1
    settings = settings if isinstance(settings, dict) else {}
    if run.agent == "es":
        work: Work = _es(rows, settings, parameters, inputs, end, header, cores, hardware)
    else:
        work = _dqn(rows, parameters, inputs, end, cores)
    if not work.stretches:
        raise ReportError(f"{run.directory}: {LOG} has too little training before {goal}")
    return Measured(run, work, goal, end.train_s)


def _es(
    rows: list[_Row],
    settings: Mapping[str, Any],
    parameters: int,
    inputs: int | None,
    end: Clock,
    header: Header,
    cores: int,
    hardware: Hardware,
) -> ESWork:
    population = whole(settings.get("population"), 2, MAX_POPULATION)
    if population is None:
        raise ReportError(f"{CONFIGURATION}: has no usable agent.population")
    block = whole(settings.get("block_members"), 1, MAX_POPULATION) or BLOCK_MEMBERS
    stretches = _stretches(rows, "generation", end, cores)
    work = ESWork(
        population=population,
        episodes_per_member=whole(settings.get("episodes_per_member"), 1, 1000) or 1,
        block_members=min(block, population),
        parameters=parameters,
        rounds=sum(s.rounds for s in stretches),
        episode_limit=float(header.max_episode_steps or MAX_STEPS),
        stretches=stretches,
        member_s=0.0,
        step_s=0.0,
        joined_members=_joined_members(settings) if inputs is not None else 0,
    )
    return fitted_es(work, stretches, hardware) if stretches else work


def _joined_members(settings: Mapping[str, Any]) -> int:
    """How many members play in one lock-step: blocks share it where their noise is their own."""
    if settings.get("noise", "full") != "full" or settings.get("action_noise"):
        return 0
    return LOCK_STEP_LANES // (whole(settings.get("episodes_per_member"), 1, 1000) or 1)


def _dqn(rows: list[_Row], parameters: int, inputs: int | None, end: Clock, cores: int) -> DQNWork:
    stretches = _stretches(rows, "updates", end, cores)
    # A step keeps an observation and the one after it; of frames only the newest.
    transition = FRAME_BYTES if inputs is None else 2 * FLOAT_BYTES * inputs
    steps = sum(s.env_steps for s in stretches)
    work = DQNWork(
        env_steps=steps,
        updates_per_step=sum(s.rounds for s in stretches) / steps if steps else 0.0,
        parameters=parameters,
        transition_bytes=float(transition),
        stretches=stretches,
        act_s=0.0,
        update_s=0.0,
    )
    return fitted_dqn(work, stretches) if stretches else work


@dataclass(frozen=True)
class _Row:
    """A row of training: its clock, what the agent had counted, and the episodes of the evaluation
    before it."""

    attempt: int
    clock: Clock
    scalars: Mapping[str, Any]
    lengths: FloatArray


def _rows(path: Path) -> list[_Row]:
    """The rows of training that count, thinned out evenly where they are very many."""
    lengths: FloatArray = np.ones(1)
    found: list[_Row] = []
    stride, seen = 1, 0
    for row in kept_rows(LogFile(path)):
        if row.kind == "eval":
            lengths = _lengths(row)
        if row.kind != "train":
            continue
        if seen % stride == 0:
            found.append(_Row(row.attempt, row.clock, row.scalars, lengths))
        seen += 1
        if len(found) == 2 * MAX_STRETCHES * MAX_STRETCHES:
            found, stride = found[::2], 2 * stride
    return found


def _lengths(row: Row) -> FloatArray:
    listed = row.lengths if isinstance(row.lengths, list) else []
    values = [number(each, 1, MAX_STEPS) for each in listed[:MAX_EPISODES]]
    known = [value for value in values if value is not None]
    return np.array(known or [1.0])


def _stretches(rows: list[_Row], counter: str, end: Clock, cores: int) -> tuple[Stretch, ...]:
    """What lies between rows up to `end`, joined so that there are few and each counts a round."""
    parts = list(_parts(rows, counter, end, cores))
    size = max(math.ceil(len(parts) / MAX_STRETCHES), 1)
    joined = [_joined(parts[i : i + size]) for i in range(0, len(parts), size)]
    return tuple(s for s in joined if s.cpu_s > 0 and (s.rounds > 0 or counter == "updates"))


def _parts(rows: list[_Row], counter: str, end: Clock, cores: int) -> Iterator[Stretch]:
    before = _Row(0, Clock(), {}, np.ones(1))
    for row in rows:
        if row.clock.train_s > end.train_s + 1e-6:
            return
        if row.attempt == before.attempt or not before.attempt:
            counts = [number(r.scalars.get(counter), 0, MAX_STEPS) or 0.0 for r in (before, row)]
            yield Stretch(
                rounds=max(counts[1] - counts[0], 0.0),
                env_steps=float(row.clock.env_steps - before.clock.env_steps),
                episodes=_known(row.clock.episodes - before.clock.episodes),
                cpu_s=_cpu_s(before.clock, row.clock, cores),
                lengths=row.lengths,
            )
        before = row


def _cpu_s(before: Clock, after: Clock, cores: int) -> float:
    """CPU-seconds of training between two rows; where they are not known, all cores were busy."""
    spent = after.train_cpu_s - before.train_cpu_s
    return max(spent, 0.0) if math.isfinite(spent) else cores * (after.train_s - before.train_s)


def _known(value: float) -> float:
    return max(value, 0.0) if math.isfinite(value) else 0.0


def _joined(parts: list[Stretch]) -> Stretch:
    return dataclasses.replace(
        parts[-1],
        rounds=sum(p.rounds for p in parts),
        env_steps=sum(p.env_steps for p in parts),
        episodes=sum(p.episodes for p in parts),
        cpu_s=sum(p.cpu_s for p in parts),
    )


def _network(path: Path) -> tuple[int, int | None]:
    """The parameters of the policy's network and the numbers in an observation, None of frames.

    Raises UnreadableFileError where the file is none of rlbench's networks.
    """
    with open_arrays(path, MAX_POLICY_BYTES) as file:
        described = json.loads(str(file["architecture"]))
        inputs = whole(described["network"].get("inputs"), 1, 10**9)
        return int(file["parameters"].size), inputs
