"""How many workers a run of ES would need to be so many times as fast."""

from __future__ import annotations

from rlbench.runs.records import Run
from rlbench.scaling.hardware import Hardware
from rlbench.scaling.measured import Measured
from rlbench.scaling.prediction import SIZES, Point, predict
from rlbench.scaling.work import ESWork
from rlbench.wording import plural

SIZES_TRIED = tuple(n for n in SIZES if n > 1)


def machine_of(run: Run) -> Hardware:
    """Machines like the one that the run was made on."""
    cores = run.machine.cpu_count
    return Hardware() if cores is None else Hardware(cores_per_machine=max(cores, 1))


def need_line(measured: Measured, factor: float, slow: str, fast: str) -> str:
    """What ES would need to be `factor` times as fast as the run, in one line; slow, fast: what
    that turns into what, as `a day`, `an hour`."""
    run, work = measured.run, measured.work
    assert isinstance(work, ESWork)
    hardware, cores, workers = machine_of(run), run.cores or 1, measured.workers
    begin = (
        f"By the model of `rlbench scale`, ES on {run.env} would turn {slow} on "
        f"{plural(cores, 'core')} into {fast} "
    )
    points = predict(work, hardware, "chain", "strong", (workers, *SIZES_TRIED), resamples=0)
    found = _first(points, factor)
    if found is not None:
        return f"{begin}with {_machines(found, hardware)}."
    grown = predict(work, hardware, "tree", "growing", (workers, *SIZES_TRIED), resamples=0)
    fastest = max(p.workers * p.efficiency.value for p in points) / _speed(points[0])
    less = (
        f"{begin}with no number of cores: its population of {work.population} allows "
        f"{fastest:.2g} times as fast at most"
    )
    found = _first(grown, factor)
    if found is None:
        return f"{less}."
    return (
        f"{less}. Members would be played so many times as fast with {_machines(found, hardware)} "
        f"and a population of {found.population:,}."
    )


def _speed(point: Point) -> float:
    return point.workers * point.efficiency.value


def _first(points: tuple[Point, ...], factor: float) -> Point | None:
    """The fewest workers that are `factor` times as fast as the first point's."""
    return next((p for p in points if _speed(p) >= factor * _speed(points[0])), None)


def _machines(point: Point, hardware: Hardware) -> str:
    machines = hardware.machines(point.workers)
    each = plural(hardware.cores_per_machine, "core")
    like = "machine like this one" if machines == 1 else "machines like this one"
    return f"{point.workers:,} cores, {machines:,} {like} ({each} each)"
