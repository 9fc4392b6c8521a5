"""The jobs of a sweep: what each is, whether it can run, and in which order they go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePath

from rlbench.errors import ConfigError, RlbenchError, RunError
from rlbench.harness.machine import resolve_cores
from rlbench.harness.plan import check_agent_here, name_run
from rlbench.harness.stopping import finished, starts_over
from rlbench.runs.columns import Clock
from rlbench.runs.contention import contention_in
from rlbench.runs.load import load_run
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.summary import Summary, read_summary
from rlbench.settings import AUTO, Auto, Settings, resolve

LABEL_KEYS = ("agent=", "env=", "seed=")
AGENT_KEYS = ("agent=", "agent.", "+agent.", "++agent.")


class State(Enum):
    """Where a job stands; the value is what a reader sees."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    BEFORE = "done before"
    FAILED = "failed"
    CUT = "cut short"
    INTERRUPTED = "interrupted"
    ELSEWHERE = "running elsewhere"


@dataclass(frozen=True)
class Room:
    """What the jobs of a sweep share: so many cores. at_once: how many may run side by side; auto:
    as many as the cores allow."""

    cores: int
    at_once: Auto | int = AUTO

    def limit(self, job: Job) -> int:
        """How many may run beside each other while `job` does."""
        assert job.settings is not None
        if self.at_once != AUTO:
            return self.at_once
        if job.settings.device == "gpu":
            return 1  # a GPU that is shared by chance times neither job
        return max(1, self.cores // job.wanted_cores)


@dataclass
class Job:
    """One run of a sweep. `note` is the last line it printed, or why it failed.

    differs: the words beside agent, environment and seed in which the jobs differ. directory: of
    its run. summary: of a run that has ended. shared: who else had its cores, and which part of
    their time. before: the clock of its run when this sweep began. ended: the how many-th it was to
    end.
    """

    words: tuple[str, ...]
    label: str
    differs: str = ""
    settings: Settings | None = None
    error: RlbenchError | None = None
    state: State = State.WAITING
    note: str = ""
    elapsed_s: float | None = None
    directory: Path | None = None
    summary: Summary | None = None
    shared: Sequence[tuple[float, str]] = ()
    before: Clock = field(default_factory=Clock)
    ended: int = 0
    cores: list[int] = field(default_factory=list)

    @property
    def agent(self) -> str:
        """The agent's name; for a job that does not compose, the word that asks for it."""
        if self.settings is not None:
            return self.settings.agent.name
        return self._word("agent=")

    @property
    def env(self) -> str:
        return self._word("env=") if self.settings is None else self.settings.env.id

    @property
    def seed(self) -> str:
        return self._word("seed=") if self.settings is None else str(self.settings.seed)

    @property
    def outcome(self) -> str:
        """How the run ended, where it did so well: solved or budget; else the state."""
        if self.state in (State.DONE, State.BEFORE) and self.summary is not None:
            return self.summary.status
        return self.state.value

    @property
    def wanted_cores(self) -> int:
        assert self.settings is not None
        assert self.settings.cores != AUTO
        return self.settings.cores

    def read_summary(self) -> None:
        """Take in how the run ended, where its file can be read."""
        if self.directory is not None:
            with contextlib.suppress(UnreadableFileError):
                self.summary = read_summary(self.directory)
                self.shared = contention_in(self.directory)

    def _word(self, key: str) -> str:
        word = next((word for word in self.words if word.startswith(key)), "")
        return word.removeprefix(key).replace("\\:", ":")


def prepare(
    words_of_jobs: Sequence[Sequence[str]],
    compose: Callable[[Sequence[str]], Settings],
    default_cores: int,
    available_cores: int | None = None,
) -> list[Job]:
    """The jobs, interleaved, each composed and looked up before any of them starts.

    available_cores: of the machines that they are to run on, where those are others than this.

    A job that cannot be composed, whose agent cannot be used here, or whose run another version of
    rlbench began, is FAILED with its error. One whose run is finished already (or is another job's
    run under different words) is BEFORE.
    """
    taken: dict[Path, Job] = {}
    jobs = []
    labels = _labels(words_of_jobs)
    for words, (label, differs) in zip(words_of_jobs, labels, strict=True):
        job = Job(tuple(words), label, differs)
        jobs.append(job)
        try:
            settings = compose(words)
            with settings.origins.named():
                cores = resolve_cores(resolve(settings.cores, default_cores), available_cores)
            job.settings = settings.model_copy(update={"cores": cores})
            directory = job.directory = name_run(job.settings, available_cores).directory
            same, done = taken.get(directory), finished(job.settings, directory)
            if available_cores is None and same is None and done is None:
                check_agent_here(job.settings)
        except (ConfigError, RunError) as error:
            job.state, job.error, job.note = State.FAILED, error, str(error)
            continue
        taken.setdefault(directory, job)
        if same is not None:
            job.state, job.note = State.BEFORE, f"the same run as {same.label}"
        elif done is not None:
            job.state, job.note = State.BEFORE, done
            job.read_summary()
        elif not starts_over(job.settings, directory):
            job.before = _clock_of(directory)
    return interleave(jobs)


def _clock_of(directory: Path) -> Clock:
    """The clock of a run that has been begun."""
    if not directory.is_dir():
        return Clock()
    run, _ = load_run(directory, PurePath(directory.name))
    return Clock() if run is None else run.end


def left_undone(settings: Settings, directory: Path) -> str | None:
    """Why a run whose process ended with status 0 is not done; None where it is: code of an
    environment or an agent can end a process, too."""
    try:
        done = finished(settings.model_copy(update={"overwrite": False}), directory)
    except RunError as error:
        return str(error)
    return None if done else "its process ended with status 0 before the run was over"


def refuse_if_all_bad(jobs: Sequence[Job]) -> None:
    """Raise what is wrong with the first job where not one of them could be composed."""
    errors = [job.error for job in jobs if job.error is not None]
    if len(errors) < len(jobs) or not errors:
        return
    if len({str(error) for error in errors}) > 1:
        for job in jobs:
            print(f"{job.label}: {job.error}")
    raise errors[0]


def together(jobs: Sequence[Job]) -> Iterator[tuple[str, Job]]:
    """Jobs of the same state and note as one: what they are called, and the first of them."""
    groups: dict[tuple[State, str], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.state, job.note), []).append(job)
    for first, *others in groups.values():
        yield first.label + (f" and {len(others)} more" if others else ""), first


def interleave(jobs: Sequence[Job]) -> list[Job]:
    """Agents in turn, so that a machine that slows down or warms up hits them alike.

    Jobs are grouped by everything but the agent; within a group the agents alternate, and every
    second group goes the other way round: A B, B A, A B, ... Over any two groups the mean
    position of both agents is the same, which cancels a drift that is linear in time.
    """
    groups: dict[tuple[str, ...], dict[str, list[Job]]] = {}
    for job in jobs:
        rest = tuple(word for word in job.words if not word.startswith(AGENT_KEYS))
        groups.setdefault(rest, {}).setdefault(job.agent, []).append(job)
    order: list[Job] = []
    for number, by_agent in enumerate(groups.values()):
        turns = []
        queues = list(by_agent.values())
        while any(queues):
            turns += [queue.pop(0) for queue in queues if queue]
        order += turns if number % 2 == 0 else reversed(turns)
    return order


def _labels(words_of_jobs: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Names for readers: agent, environment and seed, and whatever else the jobs differ in; the
    latter alone, without the `agent.` of its keys, comes second."""
    shared = set.intersection(*(set(words) for words in words_of_jobs)) if words_of_jobs else set()
    labels = []
    for words in words_of_jobs:
        shown = [word for word in words if word not in shared or word.startswith(LABEL_KEYS)]
        shown.sort(key=lambda word: next((k for k in LABEL_KEYS if word.startswith(k)), "z"))
        differs = [word.removeprefix("agent.") for word in shown if not word.startswith(LABEL_KEYS)]
        label = " ".join(shown).replace("\\:", ":") or "the settings as they are"
        labels.append((label, " ".join(differs).replace("\\:", ":")))
    return labels
