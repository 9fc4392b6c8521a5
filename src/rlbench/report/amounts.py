"""Numbers as people read them, the same on an axis, in a caption and on the terminal."""

from __future__ import annotations

import math

from rlbench.report.records import Unit

TIMES = "\u00d7"

UNIT_NAMES: dict[Unit, str] = {
    "train_s": "training time",
    "core_s": "core-seconds (cores × training time)",
    "train_cpu_s": "CPU time in training",
    "env_steps": "environment steps",
    "command_s": "time from command (start-up + training)",
}


def significant(value: float, digits: int = 3) -> str:
    """At least `digits` significant digits, never an exponent below 10^15: 0.0012, 3.14, 1234."""
    if value == 0:
        return "0"
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    shown = f"{value:.{digits}g}"
    if "e" not in shown:
        return shown
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{max(places, 0)}f}"


def count(value: float) -> str:
    """A count with k, M or G: 950, 12k, 1.5M."""
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def amount(value: float, unit: Unit) -> str:
    """A value with its unit: `0.93 s`, `12k steps`."""
    if unit == "env_steps":
        return f"{count(value)} steps"
    name = {"train_cpu_s": "CPU-s", "core_s": "core-s"}.get(unit, "s")
    return f"{significant(value, 2 if value < 10 else 3)} {name}"


def factor(value: float) -> str:
    """A ratio with a multiplication sign after it."""
    return f"{ratio(value)}{TIMES}"


def ratio(value: float) -> str:
    """A ratio without its sign, short however large: `0.53`, `31`, `46k`."""
    return count(value) if value >= 1e4 else significant(value, 2)
