"""What a run measured, as the model's work: from its log, its configuration and its policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from rlbench.arrays import open_arrays
from rlbench.errors import ReportError
from rlbench.opening import UnreadableFileError
from rlbench.runs.configuration import FILE as CONFIGURATION
from rlbench.runs.configuration import read_configuration
from rlbench.runs.header import FILE as HEADER
from rlbench.runs.header import Header, read_header
from rlbench.runs.load import load_run
from rlbench.runs.log import FILE as LOG
from rlbench.runs.reading import MAX_STEPS, whole
from rlbench.runs.records import Run
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.stretches import Training, train_rows
from rlbench.scaling.work import DQNWork, ESWork, Work, fitted_dqn, fitted_es

POLICY = "policy.npz"
MAX_POLICY_BYTES = 2**30
AUTO = "auto"  # of a setting
MAX_POPULATION = MAX_ACTORS = 100_000
MAX_ROUND_STEPS = 10**7  # of DQN
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

    @property
    def workers(self) -> int:
        """How many played; 1 where the run's own process did."""
        alone = isinstance(self.work, DQNWork) and self.work.actors is None
        return 1 if alone else self.run.workers or self.run.cores or 1


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
        rows = train_rows(run.directory / LOG)
    except UnreadableFileError as error:
        raise ReportError(f"{run.directory}: {file} {error}") from None
    settings = settings if isinstance(settings, dict) else {}
    training = Training.of(rows, end, run, hardware)
    if run.agent == "es":
        work: Work = _es(training, settings, parameters, inputs, header, hardware)
    else:
        work = _dqn(training, settings, parameters, inputs)
    if not work.stretches:
        lacks = f"too little training before {goal}" if rows else "no rows of training"
        raise ReportError(f"{run.directory}: {LOG} has {lacks}")
    return Measured(run, work, goal, end.train_s)


def _es(
    training: Training,
    settings: Mapping[str, Any],
    parameters: int,
    inputs: int | None,
    header: Header,
    hardware: Hardware,
) -> ESWork:
    population = whole(settings.get("population"), 2, MAX_POPULATION)
    if population is None:
        raise ReportError(f"{CONFIGURATION}: has no usable agent.population")
    block = whole(settings.get("block_members"), 1, MAX_POPULATION) or BLOCK_MEMBERS
    found = training.stretches("generation")
    work = ESWork(
        population=population,
        episodes_per_member=whole(settings.get("episodes_per_member"), 1, 1000) or 1,
        block_members=min(block, population),
        parameters=parameters,
        rounds=sum(s.rounds for s in found),
        episode_limit=float(header.max_episode_steps or MAX_STEPS),
        stretches=found,
        member_s=0.0,
        step_s=0.0,
        joined_members=_joined_members(settings) if inputs is not None else 0,
    )
    return fitted_es(work, found, hardware) if found else work


def _joined_members(settings: Mapping[str, Any]) -> int:
    """How many members play in one lock-step: blocks share it where their noise is their own."""
    if settings.get("noise", "full") != "full" or settings.get("action_noise"):
        return 0
    return LOCK_STEP_LANES // (whole(settings.get("episodes_per_member"), 1, 1000) or 1)


def _dqn(
    training: Training, settings: Mapping[str, Any], parameters: int, inputs: int | None
) -> DQNWork:
    found, cores = training.stretches("updates"), training.cores
    # A step keeps an observation and the one after it; of frames only the newest.
    transition = FRAME_BYTES if inputs is None else 2 * FLOAT_BYTES * inputs
    steps = sum(s.env_steps for s in found)
    actors = whole(settings.get("actors"), 1, MAX_ACTORS)
    beside = settings.get("overlap")
    # Of a run without actors false is what auto comes to: it says nothing of several.
    if not isinstance(beside, bool) or (actors is None and not beside):
        beside = None
    threads = cores if settings.get("threads") == AUTO else settings.get("threads")
    work = DQNWork(
        env_steps=steps,
        updates_per_step=sum(s.rounds for s in found) / steps if steps else 0.0,
        parameters=parameters,
        step_bytes=training.received_per_step() or float(transition),
        stretches=found,
        act_s=0.0,
        update_s=0.0,
        actors=actors,
        lanes=whole(settings.get("num_lanes"), 1, MAX_ACTORS) or 1,
        round_steps=whole(settings.get("train_every_steps"), 1, MAX_ROUND_STEPS) or 1,
        beside=beside,
        threads=whole(threads, 1, cores) or 1,
    )
    return fitted_dqn(work, found) if found else work


def _network(path: Path) -> tuple[int, int | None]:
    """The parameters of the policy's network and the numbers in an observation, None of frames.

    Raises UnreadableFileError where the file is none of rlbench's networks.
    """
    with open_arrays(path, MAX_POLICY_BYTES) as file:
        described = json.loads(str(file["architecture"]))
        inputs = whole(described["network"].get("inputs"), 1, 10**9)
        return int(file["parameters"].size), inputs
