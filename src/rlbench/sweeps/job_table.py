"""A sweep as a table: what each job is, how it stands, and what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rlbench.harness.progress_line import LEAST_BAR, read_line
from rlbench.harness.screen import bar, duration, on_the_clock
from rlbench.sweeps.forecast import ACTIVE, is_measured, sweep_left_s
from rlbench.sweeps.jobs import Job, Room, State

STYLES = {
    "solved": "bold green",
    "budget": "yellow",
    "failed": "bold red",
    "running": "cyan",
    "stopping": "magenta",
    "interrupted": "magenta",
    "running elsewhere": "magenta",
    "waiting": "bright_black",
}
ENDED = (
    State.DONE, State.BEFORE, State.FAILED, State.CUT, State.INTERRUPTED, State.ELSEWHERE,
)  # fmt: skip
IMPORTANCE = (
    ACTIVE,
    (State.FAILED, State.INTERRUPTED, State.ELSEWHERE),
    (State.DONE,),
    (State.WAITING,),
)
LEFT_OUT_FIRST = ("training", "return")  # of the columns, where a terminal is too narrow
WIDEST_BAR = 40
DIFFERS, LEAST_DIFFERS, GAP = "what differs", 12, 2
CHROME_LINES = 7  # progress, counts, what is common, header, rule, the rest, the shell's prompt


@dataclass(frozen=True)
class Row:
    """What the table says of a job. style: of its state."""

    agent: str
    env: str
    seed: str
    differs: str
    state: str
    training: str
    returned: str
    style: str


def row(job: Job) -> Row:
    """`training` is seconds of training: to the threshold where it was reached, else so far."""
    trained: float | None = None
    returned: float | None = None
    if job.summary is not None:
        at = job.summary.solved_at
        trained = (job.summary.clock if at is None else at.at).train_s
        returned = job.summary.final_return_mean
    elif job.state in ACTIVE:
        seen = read_line(job.note)
        trained, returned = seen.train_s, seen.return_mean
    return Row(
        agent=job.agent,
        env=job.env,
        seed=job.seed,
        differs=job.differs,
        state=_state(job),
        training="" if trained is None else duration(trained),
        returned="" if returned is None else f"{returned:.1f}",
        style=STYLES.get(job.outcome, ""),
    )


def table_of(jobs: Sequence[Job], width: int, height: int, room: Room) -> RenderableType:
    """The whole picture for a terminal of `width` columns and `height` rows: how far the sweep is,
    the jobs most worth seeing, and how many others there are in which state."""
    everything = [row(job) for job in jobs]
    columns = _columns(everything, width)
    folded = _lines_of_a_row(everything, columns, width)
    shown = window(jobs, max(3, (height - CHROME_LINES) // folded))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in columns:
        right = name in ("seed", "training", "return")
        fixed = _room_for_differs(everything, columns, width) if name == DIFFERS else None
        table.add_column(
            name, justify="right" if right else "left", overflow="fold", max_width=fixed
        )
    for job in shown:
        found = row(job)
        cells = [Text(_cell(found, name)) for name in columns]
        cells[columns.index("state")].stylize(found.style)
        table.add_row(*cells)
    seen = {id(job) for job in shown}
    rest = _counted([job for job in jobs if id(job) not in seen])
    lines: list[RenderableType] = [_progress(jobs, width, room), Text(_counted(jobs)), table]
    if same := _same(everything):
        lines.insert(2, Text(same))
    if rest:
        lines.append(Text(f"and {rest}", "bright_black"))
    return Group(*lines)


def window(jobs: Sequence[Job], rows: int) -> list[Job]:
    """The `rows` jobs most worth seeing, in their order: what runs, what failed, what ended last,
    what comes next."""
    if len(jobs) <= rows:
        return list(jobs)
    chosen: set[int] = set()
    for states in IMPORTANCE:
        matching = [number for number, job in enumerate(jobs) if job.state in states]
        if State.DONE in states:
            matching.sort(key=lambda number: jobs[number].ended, reverse=True)
        chosen.update(matching[: rows - len(chosen)])
    chosen.update(list(set(range(len(jobs))) - chosen)[: rows - len(chosen)])
    return [jobs[number] for number in sorted(chosen)]


def _columns(rows: Sequence[Row], width: int) -> list[str]:
    """The columns that there are: those that identify a job only where jobs differ in them, and of
    the others what fits."""
    names = ["agent", "env", "seed", DIFFERS]
    kept = [name for name in names if len({_cell(found, name) for found in rows}) > 1]
    kept += ["state", *LEFT_OUT_FIRST]
    for name in LEFT_OUT_FIRST:
        if _natural(rows, kept) <= width:
            break
        if name == "training" or _room_for_differs(rows, kept, width) < LEAST_DIFFERS:
            kept.remove(name)
    return kept


def _natural(rows: Sequence[Row], columns: Sequence[str]) -> int:
    """How wide the table is where nothing is folded."""
    return sum(_widest(rows, name) + GAP for name in columns) - GAP


def _room_for_differs(rows: Sequence[Row], columns: Sequence[str], width: int) -> int:
    others = [name for name in columns if name != DIFFERS]
    widest = _widest(rows, DIFFERS)
    return max(len("differs"), min(widest, width - GAP - _natural(rows, others)))


def _lines_of_a_row(rows: Sequence[Row], columns: Sequence[str], width: int) -> int:
    """How many lines the longest row takes."""
    if DIFFERS not in columns:
        return 1
    return -(-_widest(rows, DIFFERS) // _room_for_differs(rows, columns, width))


def _widest(rows: Sequence[Row], name: str) -> int:
    return max(len(name), *(len(_cell(found, name)) for found in rows))


def _cell(found: Row, name: str) -> str:
    cells = {
        "agent": found.agent,
        "env": found.env,
        "seed": found.seed,
        DIFFERS: found.differs,
        "state": found.state,
        "training": found.training,
        "return": found.returned,
    }
    return cells[name]


def _same(rows: Sequence[Row]) -> str:
    """What all jobs have in common, which needs no column."""
    agents, envs, seeds = ({getattr(r, name) for r in rows} for name in ("agent", "env", "seed"))
    words = [*agents] if len(agents) == 1 else []
    words += [f"on {env}" for env in envs] if len(envs) == 1 else []
    words += [f"seed {seed}" for seed in seeds] if len(seeds) == 1 else []
    return " ".join(words)


def _state(job: Job) -> str:
    if job.state is State.BEFORE:
        return f"skipped ({job.outcome}{', shared' if job.shared else ''})"
    if job.state is State.DONE and job.shared:
        return f"{job.outcome} (shared)"
    if job.state is State.RUNNING:
        doing = read_line(job.note).doing  # "importing TensorFlow", of which a word is enough
        return job.outcome if doing is None else doing.partition(" ")[0]
    return job.outcome


def progress_words(jobs: Sequence[Job], room: Room) -> str:
    """`7 of 20 jobs, about 12:30 left`."""
    ended = sum(job.state in ENDED for job in jobs)
    words = f"{ended} of {len(jobs)} jobs"
    left_s = sweep_left_s(jobs, room) if ended < len(jobs) else None
    if left_s is None:
        return words
    return f"{words}, {'about' if is_measured(jobs) else 'up to'} {on_the_clock(left_s)} left"


def _progress(jobs: Sequence[Job], width: int, room: Room) -> Text:
    """`━━━━━━ 7 of 20 jobs, about 12:30 left`."""
    text = Text(progress_words(jobs, room), "bold")
    space = min(WIDEST_BAR, width - len(text) - 1)
    if space < LEAST_BAR:
        return text
    ended = sum(job.state in ENDED for job in jobs)
    drawn = Text.assemble(*bar(space, ended / max(1, len(jobs))), " ")
    return drawn.append_text(text)


def _counted(jobs: Sequence[Job]) -> str:
    """`4 solved, 2 running, 13 waiting`: how many there are of each outcome."""
    outcomes = Counter("skipped" if job.state is State.BEFORE else job.outcome for job in jobs)
    order = [*STYLES, "skipped", "done"]
    known = sorted(outcomes, key=lambda name: order.index(name) if name in order else len(order))
    return ", ".join(f"{outcomes[name]} {name}" for name in known)
