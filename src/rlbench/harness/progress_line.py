"""The words of a run's progress: lines for a terminal and for a log, and a log's line read back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rlbench.harness.screen import BETWEEN, Line, Part, bar, columns, fitted, on_the_clock
from rlbench.runs.columns import Clock

LEAST_BAR = 8
NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"


@dataclass(frozen=True)
class Status:
    """What is known of a run at one moment. `label` is "es CartPole-v1 seed 0"; `doing` "training"
    or the like. return_mean: of the last evaluation; solved: whether `threshold` is confirmed.
    left_s: by the wall clock, at most."""

    label: str
    doing: str
    clock: Clock
    threshold: float | None = None
    solved: bool = False
    return_mean: float | None = None
    left_s: float | None = None


@dataclass(frozen=True)
class Seen:
    """What a line of `log_line` says; None what it does not say."""

    doing: str | None = None
    train_s: float | None = None
    return_mean: float | None = None
    left_s: float | None = None


def live_lines(status: Status, width: int) -> list[Line]:
    """Two lines of at most `width` columns: what is done now and how fast; how far it is, how long
    it may take, and the return beside the goal."""
    clock, speed = status.clock, status.clock.env_steps_per_s
    first = [Part(status.label, 1, "bold"), Part(status.doing, 0, "cyan")]
    if speed:
        first += [Part(f"{clock.env_steps:,} steps", 3), Part(f"{speed:,.0f} steps/s", 2)]
    second = [Part(on_the_clock(clock.wall_s), 2)]
    if status.left_s is not None:
        second.append(Part(f"up to {on_the_clock(status.left_s)} left", 1))
    if returned := _returned(status):
        second.append(Part(returned, 0, "green" if status.solved else "bold"))
    kept = fitted(second, width)
    line = _joined(kept)
    room = width - columns(kept) - 1
    if status.left_s is not None and room >= LEAST_BAR:
        share = clock.wall_s / max(clock.wall_s + status.left_s, 1e-9)
        line = [*bar(room, share), (" ", ""), *line]
    return [_joined(fitted(first, width)), line]


def log_line(status: Status) -> str:
    """One line for a log, with everything that `read_line` finds again."""
    clock, speed = status.clock, status.clock.env_steps_per_s
    parts = [status.label, f"{clock.env_steps:,} steps", f"{clock.train_s:.1f} s training"]
    if returned := _returned(status):
        parts.append(returned)
    if speed:
        parts.append(f"{speed:,.0f} steps/s")
    if clock.eval_s > 0:
        parts.append(f"evaluation {clock.eval_s / clock.wall_s:.0%}")
    if status.left_s is not None:
        parts.append(f"up to {status.left_s:.0f} s left")
    return BETWEEN.join(parts)


def doing_line(label: str, doing: str) -> str:
    """The line of a log that says what is being done before there is anything to report."""
    return f"{label}{BETWEEN}{doing} ..."


def read_line(line: str) -> Seen:
    """What a line that a run printed says of it."""
    doing = re.search(r" \| ([^|]+) \.\.\.$", line)
    returned = re.search(rf" \| return {NUMBER}(?:,| \||$)", line)
    trained = re.search(rf" \| {NUMBER} s training", line)
    left = re.search(rf" \| up to {NUMBER} s left", line)
    return Seen(
        doing=doing[1] if doing else None,
        train_s=float(trained[1]) if trained else None,
        return_mean=float(returned[1]) if returned else None,
        left_s=float(left[1]) if left else None,
    )


def _returned(status: Status) -> str:
    if status.return_mean is None:
        return "" if status.threshold is None else f"goal {status.threshold:g}"
    text = f"return {status.return_mean:.1f}"
    if status.threshold is None:
        return text
    return f"{text}, goal {status.threshold:g}{' reached' if status.solved else ''}"


def _joined(parts: Sequence[Part]) -> Line:
    line: Line = []
    for part in parts:
        line += [(BETWEEN, "")] if line else []
        line.append((part.text, part.style))
    return line
