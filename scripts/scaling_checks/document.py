"""docs/scaling.md: what the model is, and how far it is from what was measured and published."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rlbench.scaling.comparison import Comparison, comparisons
from rlbench.scaling.generation import PIECES, Plan, Protocol, generation
from rlbench.scaling.hardware import CACHED_BYTES, Hardware
from rlbench.scaling.measured import Measured, read_measured
from rlbench.scaling.prediction import predict
from rlbench.scaling.text import duration
from rlbench.scaling.work import DQNWork, ESWork, Work
from rlbench.wording import significant
from scaling_checks.real import ACTORS, BESIDE, ONE, TWO

PAIRS = ("lunarlander", "halfcheetah")
DQN_PAIRS = ("dqn-lunarlander", "dqn-halfcheetah")
DQN_ACTORS, DQN_STEPS = 2, 1000
HUMANOID = "humanoid-1"
NATURE_PARAMETERS, NATURE_WORKERS = 1_700_000, 1440


def document(results: Path) -> str:
    """The text, from the runs and the measurement below `results`."""
    hardware = Hardware()
    serial = json.loads((results / "serial.json").read_text(encoding="utf-8"))
    runs = {
        place.name: read_measured(place, hardware) for place in sorted((results / "runs").iterdir())
    }
    humanoid = runs[HUMANOID].work
    assert isinstance(humanoid, ESWork)
    es_pairs = [pair for pair in (_pair(runs, name) for name in PAIRS) if pair]
    dqn_pairs = [pair for pair in (_pair(runs, name, ACTORS) for name in DQN_PAIRS) if pair]
    template = (Path(__file__).parent / "scaling.md.txt").read_text(encoding="utf-8")
    return template.format(
        real="\n".join(_real_lines(es_pairs, hardware)),
        dqn="\n".join(_dqn_lines(dqn_pairs, hardware)),
        serial="\n".join(_serial_lines(serial["rows"], hardware)),
        constants="\n".join(_constant_lines(serial, hardware)),
        published="\n".join(_published_lines(comparisons(humanoid, hardware))),
        nature=duration(_nature(serial["rows"])["master_s"]),
        once=duration(_nature(serial["rows"])["once_master_s"]),
        chain=duration(empty_s("chain", hardware)),
        busy=duration(master_s(hardware)),
        tree=duration(empty_s("tree", hardware)),
        cpu=_cpus([*es_pairs, *dqn_pairs]),
    )


def _cpus(pairs: Sequence[_Pair]) -> str:
    """What the runs of these pairs were made on."""
    measured = [one for pair in pairs for one in (pair.one, pair.two, pair.beside) if one]
    found = {one.run.cpu_model or "an unknown CPU" for one in measured}
    return " and ".join(sorted(found)) or "no CPU yet"


def _real_lines(pairs: Sequence[_Pair], hardware: Hardware) -> Iterator[str]:
    yield (
        "| run of ES | 1 process, measured | its CPU beside another run | 2 processes, measured "
        "| predicted | error |"
    )
    yield "|---|---|---|---|---|---|"
    if not pairs:
        command = "`bash scripts/scaling lunarlander halfcheetah`, on a quiet machine"
        yield f"| none was made yet: {command} | | | | | |"
    for pair in pairs:
        name = f"{pair.one.run.env}, population {_es(pair.one).population}"
        yield _line(name, pair, _round_s, pair.one.work, 2, hardware)


def _dqn_lines(pairs: Sequence[_Pair], hardware: Hardware) -> Iterator[str]:
    yield (
        "| run of DQN | 1 process, measured | its CPU beside another run "
        "| learner and 1 worker, measured | predicted | error |"
    )
    yield "|---|---|---|---|---|---|"
    if not pairs:
        command = f"`bash scripts/scaling {' '.join(DQN_PAIRS)}`, on a quiet machine"
        yield f"| none was made yet: {command} | | | | | |"
    for pair in pairs:
        assert isinstance(pair.one.work, DQNWork)
        work = dataclasses.replace(pair.one.work, actors=DQN_ACTORS)
        yield _line(pair.one.run.env, pair, _steps_s, work, 1, hardware)


def _line(
    name: str,
    pair: _Pair,
    took_s: Callable[[Measured], float],
    work: Work,
    workers: int,
    hardware: Hardware,
) -> str:
    """A row: what was measured, and what the model says of the work on so many workers."""
    own = dataclasses.replace(hardware, cores_per_machine=2, crowded=pair.crowded or 1.0)
    (point,) = predict(work, own, "chain", "strong", (workers,))
    error = point.round_s.value / took_s(pair.two) - 1
    crowded = "not measured" if pair.crowded is None else f"{pair.crowded:.2f} times"
    return (
        f"| {name} | {duration(took_s(pair.one))} | {crowded} | {duration(took_s(pair.two))} "
        f"| {duration(point.round_s.value)} | {100 * error:+.1f} % |"
    )


def _steps_s(measured: Measured) -> float:
    assert isinstance(measured.work, DQNWork)
    return DQN_STEPS * measured.goal_s / measured.work.env_steps


@dataclass(frozen=True)
class _Pair:
    """The same run on one core and on two. beside: on one core while another had the other."""

    one: Measured
    two: Measured
    beside: Measured | None

    @property
    def crowded(self) -> float | None:
        """How many times as much CPU it took beside another run as alone, at least once."""
        if self.beside is None:
            return None
        return max(_cpu_s(self.beside) / _cpu_s(self.one), 1.0)


def _pair(runs: Mapping[str, Measured], name: str, two_way: str = TWO) -> _Pair | None:
    one, two, beside = (runs.get(f"{name}-{way}") for way in (ONE, two_way, BESIDE))
    return None if one is None or two is None else _Pair(one, two, beside)


def _cpu_s(measured: Measured) -> float:
    """CPU-seconds of a generation, of DQN of a step."""
    work = measured.work
    rounds = work.env_steps if isinstance(work, DQNWork) else work.rounds
    return sum(stretch.cpu_s for stretch in work.stretches) / rounds


def _round_s(measured: Measured) -> float:
    return measured.goal_s / _es(measured).rounds


def _es(measured: Measured) -> ESWork:
    assert isinstance(measured.work, ESWork)
    return measured.work


def _serial_lines(rows: Sequence[dict[str, float]], hardware: Hardware) -> Iterator[str]:
    yield "| workers | parameters | master's CPU: sent to each | by the model | error | once |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        expected = serial_s(int(row["workers"]), int(row["parameters"]), hardware)
        error = expected / row["master_s"] - 1
        yield (
            f"| {row['workers']:,} | {row['parameters']:,} | {duration(row['master_s'])} "
            f"| {duration(expected)} | {100 * error:+.0f} % | {duration(row['once_master_s'])} |"
        )


def serial_s(workers: int, parameters: int, hardware: Hardware) -> float:
    """What the model says that sending parameters to all and hearing all costs the master."""
    return workers * (hardware.handling_s(4.0 * parameters) + hardware.handling_s(200.0))


def _nature(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """What was measured with Nature's network on as many workers as in the claim."""
    asked = NATURE_WORKERS, NATURE_PARAMETERS
    return next(row for row in rows if (row["workers"], row["parameters"]) == asked)


def empty_s(protocol: Protocol, hardware: Hardware) -> float:
    """What a generation of no work takes with Nature's network on as many workers."""
    workers = NATURE_WORKERS
    plan = Plan(workers, NATURE_PARAMETERS, 0, workers, protocol, hardware)
    return generation(np.zeros(workers), plan).total_s


def master_s(hardware: Hardware) -> float:
    """For how long the master of the chain is busy in it: it writes the parameters once, gives each
    worker a task and hears its answer, and asks it for each piece of the sum."""
    messages = NATURE_WORKERS * (2 + PIECES)
    return hardware.handling_s(4.0 * NATURE_PARAMETERS) + messages * hardware.message_s


def _constant_lines(serial: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    yield "| constant | measured | used |"
    yield "|---|---|---|"
    for name, what in (
        ("weighed_s", "a parameter in a pair's share of the gradient"),
        ("added_s", "a parameter when two vectors are added"),
    ):
        used = getattr(hardware, name)
        yield f"| {what} | {1e9 * serial[name]:.2f} ns | {1e9 * used:.2f} ns |"
    message, copied, large = fitted(serial["rows"])
    sent = f"{1e6 * message:.0f} µs | {1e6 * hardware.message_s:.0f} µs"
    yield f"| a message, at either end | {sent} |"
    used = 1e-9 * hardware.copied_bytes_s
    yield f"| copying what is sent, up to 1 MB | {1e-9 * copied:.1f} GB/s | {used:.1f} GB/s |"
    used = 1e-9 * hardware.large_copied_bytes_s
    yield f"| ... and beyond | {1e-9 * large:.2f} GB/s | {used:.2f} GB/s |"


def fitted(rows: Sequence[dict[str, float]]) -> tuple[float, float, float]:
    """Seconds of a message, and bytes a second up to and beyond CACHED_BYTES: medians over the
    measurements that tell them."""
    message = median(r["master_s"] / (2 * r["workers"]) for r in rows if not r["parameters"])
    copies = [
        (4 * r["parameters"], r["master_s"] / r["workers"] - 2 * message)
        for r in rows
        if r["parameters"] > CACHED_BYTES / 10
    ]
    small = median(size / seconds for size, seconds in copies if size <= CACHED_BYTES)
    beyond = [(size - CACHED_BYTES, s - CACHED_BYTES / small) for size, s in copies]
    large = median(size / seconds for size, seconds in beyond if size > 0)
    return message, small, large


def _published_lines(found: Sequence[Comparison]) -> Iterator[str]:
    yield "| figure | published | predicted | error | assumed | source |"
    yield "|---|---|---|---|---|---|"
    for each in found:
        ends = " to ".join(dict.fromkeys(f"{significant(value)}" for value in each.predicted))
        errors = " to ".join(dict.fromkeys(f"{100 * error:+.0f} %" for error in each.errors))
        yield (
            f"| {each.what} | {significant(each.published)} | {ends} | {errors} | {each.assumed} "
            f"| {each.source} |"
        )
