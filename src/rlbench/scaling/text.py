"""A forecast in words, for a terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator

from rlbench.scaling.forecast import Forecast
from rlbench.scaling.hardware import SOURCES, Hardware
from rlbench.scaling.measured import Measured
from rlbench.scaling.prediction import Point, Range, Scaling, stops_paying
from rlbench.scaling.work import DQNWork, ESWork
from rlbench.wording import agent_name, count, plural, significant

HEADINGS: dict[Scaling, str] = {
    "strong": "Strong scaling: the run's own population",
    "growing": "Growing population: two blocks for each worker",
}
LOSSES = {
    "none": "",
    "crowding": "cores slowing each other down",
    "stragglers": "stragglers",
    "population": "population too small",
    "update": "update",
    "network": "network",
}
GROWING_NOTE = (
    "The time is that of as many generations as the run needed. A larger population may need "
    "fewer; how many fewer this run does not say."
)


def duration(seconds: float) -> str:
    """A time in the unit that suits it: `12 ms`, `4.5 s`, `11 min`, `3.2 h`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{significant(seconds / size, 2)} {unit}"
    if seconds < 0.1:
        return f"{significant(1000 * seconds, 2)} ms"
    return f"{significant(seconds, 2)} s"


def forecast_lines(found: Forecast) -> Iterator[str]:
    """All of it."""
    yield measured_line(found.measured)
    yield costs_line(found.measured)
    yield ""
    yield "Assumed (options change it)"
    for line in assumption_lines(found.hardware):
        yield f"  {line}"
    if found.growing:
        yield f"  parameters are moved as in {found.protocol!r} (--update)"
    for scaling, points in found.series.items():
        yield ""
        yield HEADINGS[scaling] if found.growing else "Actors, and one learner beside them"
        if isinstance(found.measured.work, DQNWork):
            yield actors_line(found.measured.work)
        yield from point_lines(points, scaling)
        yield paying_line(found, points) if scaling == "strong" else GROWING_NOTE
    for other in found.others:
        yield ""
        yield check_line(found, other)


def measured_line(measured: Measured) -> str:
    """What was run, and how long it took."""
    run, cores = measured.run, plural(measured.run.cores or 1, "core")
    if measured.workers != (run.cores or 1):
        cores += f" ({plural(measured.workers, 'worker')})"
    cpu_s = sum(stretch.cpu_s for stretch in measured.work.stretches)
    return (
        f"{agent_name(run.agent)} on {run.env}, seed {run.seed}: "
        f"{duration(measured.goal_s)} of training on {cores} to "
        f"{measured.goal}; {duration(cpu_s)} of CPU time, which the model goes by"
    )


def costs_line(measured: Measured) -> str:
    """What the model was given of the run."""
    work = measured.work
    parameters = f"{work.parameters:,} parameters"
    if isinstance(work, ESWork):
        return (
            f"Measured: {count(work.rounds)} generations of {work.population} members, "
            f"{parameters}; {duration(work.step_s)} a step and {duration(work.member_s)} a member "
            f"of CPU time; blocks of {plural(work.block_members, 'member')}"
        )
    return (
        f"Measured: {count(work.env_steps)} steps in rounds of {work.round_steps:,}, "
        f"{significant(work.updates_per_step, 2)} updates a step, {parameters}; "
        f"{duration(work.act_s)} a step and {duration(work.update_s)} an update of CPU time; "
        f"{work.step_bytes:,.0f} bytes to send a step"
    )


def actors_line(work: DQNWork) -> str:
    """What more workers mean to DQN."""
    one = (
        "One worker is the run itself, which acts and learns; more have an actor each. "
        if work.actors is None
        else f"The run has {plural(work.actors, 'actor')}; more workers have one each. "
    )
    most = max(work.round_steps // work.lanes, 1)
    longer = f"With more than {plural(most, 'actor')} a round is longer than the run's."
    return f"{one}{longer} Other numbers of actors learn something else in as many steps."


def assumption_lines(hardware: Hardware) -> Iterator[str]:
    """The hardware, each number with its source where it is the default."""
    gbit_per_s = 8e-9 * hardware.bandwidth_bytes_s
    shown = {
        "cores_per_machine": f"{hardware.cores_per_machine} cores a machine",
        "latency_s": f"{duration(hardware.latency_s)} from machine to machine",
        "bandwidth_bytes_s": f"{significant(gbit_per_s, 2)} Gbit/s a machine",
        "message_s": f"{duration(hardware.message_s)} of CPU a message at either end",
        "crowded": f"{hardware.crowded:g} times the CPU where all cores of a machine are busy",
    }
    default = Hardware()
    for name, text in shown.items():
        given = getattr(hardware, name) != getattr(default, name)
        yield f"{text} ({'as asked for' if given else SOURCES[name]})"


def point_lines(points: tuple[Point, ...], scaling: Scaling) -> Iterator[str]:
    """A table."""
    grows = scaling == "growing"
    rows = [["workers", *(["members"] if grows else []), "time", "95 %", "efficiency", "lost to"]]
    for p in points:
        members = [f"{p.population:,}"] if grows else []
        low, high = duration(p.goal_s.low), duration(p.goal_s.high)
        rows.append(
            [f"{p.workers:,}", *members, duration(p.goal_s.value), f"{low} to {high}",
             _percent(p.efficiency), LOSSES[p.bottleneck]]
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield f"  {'  '.join(cells)}  {row[-1]}".rstrip()


def paying_line(found: Forecast, points: tuple[Point, ...]) -> str:
    """Where workers stop paying, and what the time is there."""
    at = stops_paying(points)
    point = next(p for p in points if p.workers == at)
    if at == points[-1].workers:
        return f"Workers pay up to {at:,}, the largest number asked for."
    after = next(p for p in points if p.workers > at)
    return (
        f"Workers stop paying at {at:,}: {duration(point.goal_s.value)} to {found.measured.goal}. "
        f"Beyond, twice as many save less than a tenth. What holds it up: "
        f"{LOSSES[after.bottleneck] or 'many small things'}."
    )


def check_line(found: Forecast, other: Measured) -> str:
    """A measured run beside what the model says of as many workers, a round each."""
    workers = other.workers
    point = next((p for p in found.strong if p.workers == workers), None)
    took = other.goal_s / _rounds(other)
    if point is None:
        return f"Measured on {plural(workers, 'worker')}: {duration(took)} a round; not predicted"
    error = point.round_s.value / took - 1.0
    return (
        f"Measured on {plural(workers, 'worker')}: {duration(took)} a round, predicted "
        f"{duration(point.round_s.value)} ({100 * error:+.0f} %)"
    )


def _rounds(measured: Measured) -> float:
    work = measured.work
    return work.rounds if isinstance(work, ESWork) else work.env_steps / 1000.0


def _percent(share: Range) -> str:
    shown = 100 * share.value
    return f"{shown:.0f} %" if shown >= 1 else f"{shown:.1g} %"
