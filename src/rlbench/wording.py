"""Facts put into words once: numbers, units, names and ratios as people read them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable

from rlbench.runs.records import Unit

TIMES = "\u00d7"


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


def shortened(name: str, length: int) -> str:
    """`name` cut in its middle to at most `length` characters."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail]}…{name[len(name) - tail :]}"


def agent_name(label: str) -> str:
    """A group's label with the two well-known agents written as people write them."""
    for short in ("es", "dqn"):
        if label == short or label.startswith(short + " "):
            return short.upper() + label[len(short) :]
    return label


def distinct_names(labels: Iterable[str], length: int) -> dict[str, str]:
    """For every group's label at most `length` characters that tell it from the others: the agent
    where each has one of its own, else what its variants differ in (`lowrank` of
    `es (noise=lowrank)` beside `es (noise=full)`)."""
    by_agent: dict[str, list[str]] = {}
    for label in labels:
        by_agent.setdefault(label.split(" ", 1)[0], []).append(label)
    found = {}
    for agent, variants in by_agent.items():
        if len(variants) == 1:
            found[variants[0]] = shortened(agent_name(agent), length)
            continue
        settings = [label[len(agent) :].lstrip(" (").rstrip(")]") for label in variants]
        words = [re.split(r"(?<=[ (=,])", text) for text in settings]
        columns = zip(*words, strict=False)  # as far as the shortest goes
        same = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        for label, parts in zip(variants, words, strict=True):
            found[label] = shortened("".join(parts[same:]) or agent_name(agent), length)
    return found


def plural(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
