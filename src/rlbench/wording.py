"""Facts put into words once: numbers, units, names and ratios as people read them."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rlbench.analysis.decision import Decision, Limit
    from rlbench.analysis.return_differences import ReturnDifference
    from rlbench.analysis.suite_ratios import MeanRatio
    from rlbench.runs.records import Unit

TIMES = "\u00d7"

Form = Literal["short", "words"]
"""How much room there is: signs and brackets for a cell or a line, words for a sentence."""


@dataclass(frozen=True)
class UnitName:
    """What a unit is called."""

    short: str  # what is measured: "training time"
    axis: str  # the title of an axis: "training time (s)"
    sentence: str  # what is counted: "training seconds"
    suffix: str  # behind a number: "s"


UNIT_NAMES: dict[Unit, UnitName] = {
    "train_s": UnitName("training time", "training time (s)", "training seconds", "s"),
    "core_s": UnitName("core time", "core-seconds", "core-seconds", "core-s"),
    "train_cpu_s": UnitName(
        "CPU time", "CPU time in training (CPU-s)", "CPU-seconds in training", "CPU-s"
    ),
    "env_steps": UnitName("environment steps", "environment steps", "environment steps", "steps"),
    "command_s": UnitName(
        "time from command", "time from command (s)", "seconds from command", "s"
    ),
}
_BOUNDS = {">=": ("\u2265 ", "at least "), "<=": ("\u2264 ", "at most "), "": ("", "")}
SMALLEST_P = 0.0001
MAX_NAMES = 8  # in a sentence
LIBRARIES = {
    "evosax": "evosax",
    "evotorch": "EvoTorch",
    "sb3": "SB3",
    "sbx": "SBX",
}  # whose algorithms are agents, called as `sb3-PPO`


class HasInterval(Protocol):
    """A ratio with its interval and its bound: a SpeedRatio, a MeanRatio."""

    @property
    def ratio(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def bound(self) -> str: ...


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


def millions(value: float) -> str:
    """A large number in words: `320 million`, `1 billion`."""
    if value >= 1e9:
        return f"{value / 1e9:g} billion"
    return f"{value / 1e6:g} million"


def amount(value: float, unit: Unit) -> str:
    """A value with its unit: `0.93 s`, `12k steps`."""
    suffix = UNIT_NAMES[unit].suffix
    if unit == "env_steps":
        return f"{count(value)} {suffix}"
    return f"{significant(value, 2 if value < 10 else 3)} {suffix}"


def factor(value: float) -> str:
    """A ratio with a multiplication sign after it: `0.53\u00d7`, `31\u00d7`, `46k\u00d7`."""
    return f"{_number(value)}{TIMES}"


def interval_text(low: float | None, high: float | None, form: Form = "short") -> str:
    """An interval of a ratio: `[2.4, 7.7]`, or open `[25, \u221e)`; in words `2.4 to 7.7`,
    `25 or more`. Empty where neither end is known."""
    if low is not None and high is not None:
        ends = _number(low), _number(high)
        return f"[{ends[0]}, {ends[1]}]" if form == "short" else f"{ends[0]} to {ends[1]}"
    if low is not None:
        return f"[{_number(low)}, \u221e)" if form == "short" else f"{_number(low)} or more"
    if high is not None:
        return f"(0, {_number(high)}]" if form == "short" else f"{_number(high)} or less"
    return ""


def ratio_text(found: HasInterval, form: Form = "short") -> str:
    """A ratio with its bound and its interval: `\u2265 30\u00d7 [25, \u221e)`; in words
    `at least 30\u00d7 (95 % interval 25 or more)`."""
    if found.ratio is None:
        return "no ratio"
    return _estimate(found.ratio, found.low, found.high, found.bound, form)


def winner_text(decision: Decision) -> str:
    """Who was faster, for a cell: `ES`, `not settled`, `no comparison`."""
    if decision.winner_label is not None:
        return agent_name(decision.winner_label)
    return "no comparison" if decision.winner == "none" else "not settled"


def outcome_text(decision: Decision) -> str:
    """Who was faster, in words: `ES was clearly faster than DQN`."""
    baseline, challenger = agent_name(decision.baseline), agent_name(decision.challenger)
    if decision.winner == "none":
        return f"there is no speed ratio of {challenger} and {baseline}"
    if decision.winner == "open":
        return f"these seeds do not settle which is faster, {challenger} or {baseline}"
    names = (challenger, baseline) if decision.winner == "challenger" else (baseline, challenger)
    return f"{names[0]} was clearly faster than {names[1]}"


def factor_text(decision: Decision) -> str:
    """How many times as fast the faster one was, without the interval: `at least 4\u00d7`; where it
    is not settled which was, the estimate: `estimate: DQN 2\u00d7`. Empty without a ratio."""
    if decision.factor is None or decision.ahead_label is None:
        return ""
    if decision.winner_label == decision.ahead_label:
        return f"{_BOUNDS[decision.bound][1]}{factor(decision.factor)}"
    return f"estimate: {_open_estimate(decision.ahead_label, decision.factor, decision.bound)}"


def advantage_text(decision: Decision, form: Form = "words") -> str:
    """Who was faster and how many times: `ES 4.3\u00d7 as fast (95 % interval 2.4 to 7.7)`, for a
    line `ES 4.3\u00d7 [2.4, 7.7]`; where that is not settled, it says so before the estimate."""
    if decision.factor is None or decision.ahead_label is None:
        return "no ratio"
    bound = _BOUNDS[decision.bound][form == "words"]
    name, shown = agent_name(decision.ahead_label), f"{bound}{factor(decision.factor)}"
    interval = interval_text(decision.low, decision.high, form)
    if form == "short":
        return f"{name} {shown} {interval or '(not settled)'}"
    if decision.is_settled:
        inside = f" (95 % interval {interval})" if interval else ""
        return f"{name} {shown} as fast{inside}"
    inside = f"; 95 % interval {interval}" if interval else ""
    estimate = _open_estimate(decision.ahead_label, decision.factor, decision.bound)
    return f"not settled (estimate: {estimate}{inside})"


def _open_estimate(label: str, value: float, bound: str) -> str:
    """`ES 1.3\u00d7 or more`: an estimate that the seeds do not settle."""
    more = {">=": " or more", "<=": " or less", "": ""}[bound]
    return f"{agent_name(label)} {factor(value)}{more}"


def difference_text(found: ReturnDifference) -> str:
    """Who scored more and how sure that is, for the end of a sentence or a cell."""
    if found.ahead is None:
        return "both scored the same"
    sides = [
        (found.challenger, found.challenger_return), (found.baseline, found.baseline_return)
    ]  # fmt: skip
    first, second = sides if found.ahead == found.challenger else sides[::-1]
    scored = f"{agent_name(first[0])} scored more: {significant(first[1])} against "
    scored += significant(second[1])
    if first[1] <= second[1]:  # the medians do not say what the pairs of runs do
        scored = f"{agent_name(first[0])} scored more by {significant(abs(found.difference))}, the "
        scored += f"median over pairs of runs (medians {significant(first[1])} and "
        scored += f"{significant(second[1])})"
    if found.low is None or found.high is None:
        return f"{scored}, from so few seeds that there is no 95 % interval: this may be chance"
    # From the side of the one that was ahead.
    ends = [found.low, found.high] if found.difference > 0 else [-found.high, -found.low]
    interval = f"95 % interval of the difference {significant(ends[0])} to {significant(ends[1])}"
    return f"{scored} ({'clear' if found.is_settled else 'not settled'}: {interval})"


def place_text(ratio: MeanRatio) -> str:
    """Over what a ratio of several environments is, its two agents written as people write them."""
    sides = ratio.challenger, ratio.baseline
    return ratio.env.replace(" against ".join(sides), " against ".join(map(agent_name, sides)), 1)


def sureness_text(decision: Decision) -> str:
    """How sure a decision is, as far as the interval allows."""
    if decision.winner == "none":
        return decision.reason
    if not decision.has_interval:
        return f"{decision.reason or 'no interval'}, so this may be chance"
    p = "" if decision.p is None else f"; {p_text(decision.p)}"
    if decision.winner == "open":
        return f"open: the 95 % interval includes equally fast{p}"
    bound = f"; only a bound, since {_limit_text(decision.limit)}" if decision.limit else ""
    return f"clear: the 95 % interval excludes equally fast{bound}{p}"


def _limit_text(limit: Limit) -> str:
    name = agent_name(limit.label)
    return (
        f"{name} solved it in {limit.reached} of {limit.runs} runs"
        if limit.reached
        else (f"{name} never solved it")
    )


def p_text(p: float) -> str:
    """The p-value of the rank-sum test, whose interval stands before it."""
    if p < SMALLEST_P:
        return f"rank-sum p < {significant(SMALLEST_P)}"
    return f"rank-sum p = {significant(p, 2)}"


def names_text(names: Sequence[str]) -> str:
    """`A, B, C and 7 more`: at most MAX_NAMES of them, but never `and 1 more`."""
    shown = names if len(names) <= MAX_NAMES + 1 else names[:MAX_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{', '.join(shown)}{more}"


def shortened(name: str, length: int) -> str:
    """`name` cut in its middle to at most `length` characters."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail]}…{name[len(name) - tail :]}"


def agent_name(label: str) -> str:
    """A group's label with well-known agents written as people write them: `ES`, `PPO (SB3)` of
    `sb3-PPO`, an algorithm of Stable-Baselines3, and `CMA-ES (evosax)` of `evosax-CMA_ES`."""
    for short in ("es", "dqn"):
        if label == short or label.startswith(short + " "):
            return short.upper() + label[len(short) :]
    library, marked, rest = label.partition("-")
    if not marked or library not in LIBRARIES:
        return label
    algorithm, _, words = rest.partition(" ")
    name = f"{algorithm.replace('_', '-')} ({LIBRARIES[library]})"
    if words.startswith("("):  # one pair of brackets rather than two
        return f"{name[:-1]}, {words[1:]}"
    return f"{name} {words}".strip()


def fitting_name(label: str, length: int) -> str:
    """A group's label as people write it, in at most `length` characters: where it is longer, the
    `agent.` of its settings is left out first."""
    name = agent_name(label)
    return shortened(name if len(name) <= length else name.replace("agent.", ""), length)


def distinct_names(labels: Iterable[str], length: int) -> dict[str, str]:
    """For every group's label at most `length` characters that no other label has: the agent where
    it has one group, without its library where that is too long and no other agent is called so,
    else what its variants differ in (`lowrank` of `es (noise=lowrank)` beside `es (noise=full)`).
    """
    by_agent: dict[str, list[str]] = {}
    for label in labels:
        by_agent.setdefault(label.split(" ", 1)[0], []).append(label)
    algorithms = [agent_name(agent).partition(" (")[0] for agent in by_agent]
    alike = Counter(map(_letters, algorithms))
    found = {}
    for (agent, variants), algorithm in zip(by_agent.items(), algorithms, strict=True):
        if len(variants) == 1:
            name = agent_name(agent)
            is_clear = len(name) <= length or alike[_letters(algorithm)] > 1
            found[variants[0]] = shortened(name if is_clear else algorithm, length)
            continue
        settings = [label[len(agent) :].lstrip(" (").rstrip(")]") for label in variants]
        words = [re.split(r"(?<=[ (=,])", text) for text in settings]
        columns = zip(*words, strict=False)  # as far as the shortest goes
        same = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        for label, parts in zip(variants, words, strict=True):
            found[label] = shortened("".join(parts[same:]) or agent_name(agent), length)
    return _numbered(found, length)


def _letters(name: str) -> str:
    """`cmaes` of `CMA-ES` and of `CMAES`."""
    return re.sub(r"[\W_]", "", name).lower()


def _numbered(names: Mapping[str, str], length: int) -> dict[str, str]:
    """The names by label, with a number behind those that several labels have."""
    times, so_far = Counter(names.values()), Counter[str]()
    found = {}
    for label, name in names.items():
        so_far[name] += 1
        number = f" {so_far[name]}" if times[name] > 1 else ""
        found[label] = shortened(name, length - len(number)) + number
    return found


def plural(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _estimate(value: float, low: float | None, high: float | None, bound: str, form: Form) -> str:
    shown = f"{_BOUNDS[bound][form == 'words']}{factor(value)}"
    interval = interval_text(low, high, form)
    if form == "short":
        return f"{shown} {interval or '(no interval)'}"
    return f"{shown} (95 % interval {interval})" if interval else f"{shown} (no interval)"


def _number(value: float) -> str:
    """Two digits, or as many as it takes to see on which side of 1 it lies."""
    if value >= 1e4:
        return count(value)
    shown = significant(value, 2)
    digits = 3
    while shown == "1" and value != 1.0 and digits < 7:
        shown = f"{value:.{digits}g}"
        digits += 1
    return shown
