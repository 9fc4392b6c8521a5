"""The report in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.level_times import LevelTime
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.wording import agent_name, amount, factor, plural, shortened, significant
from rlbench.wording import ratio as number


def summary_lines(
    environment: EnvironmentGroups, times: Sequence[LevelTime], ratios: Sequence[SpeedRatio]
) -> Iterator[str]:
    """What happened on one environment, the answer to "which was faster" last."""
    levels = environment.thresholds
    solved = f" (solved at {' or '.join(map(significant, levels))})" if levels else ""
    yield f"{shortened(environment.env, 60)}{solved}"
    for group in environment.groups:
        time = next(
            (t for t in times if t.group == group.label and t.is_threshold and t.unit == "train_s"),
            None,
        )
        runs = plural(len(group.runs), "seed")
        yield f"  {agent_name(group.label)}: {runs}{_reached_text(time)}"
    for dqn, es in sorted({(ratio.baseline, ratio.challenger) for ratio in ratios}):
        yield from _ratio_lines([r for r in ratios if (r.baseline, r.challenger) == (dqn, es)])


def across_lines(suites: Sequence[SuiteStatistics], missing: Sequence[str]) -> Iterator[str]:
    """What happened over all environments, and what could not be said, and why."""
    for found in suites:
        head = next((ratio for ratio in found.ratios if ratio.unit == "train_s"), None)
        if head is None:
            continue
        yield head.env
        if head.ratio is None:
            yield f"  no speed ratio: {head.reason}"
            continue
        line = f"  DQN / ES: training time {_short(head)}{_verdict(head)}"
        yield line if head.reason in line else f"{line} ({head.reason})"
    for note in missing:
        yield f"{note[:1].upper()}{note[1:]}"


def _reached_text(time: LevelTime | None) -> str:
    if time is None:
        return ", no threshold to reach"
    if not time.n_reached:
        horizon = f" within {amount(time.horizon, 'train_s')} of training" if time.horizon else ""
        return f", none solved it{horizon}"
    text = f", {time.n_reached} solved it"
    if time.restricted_mean is None:
        return text
    text += f", mean {amount(time.restricted_mean, 'train_s')} of training"
    if time.low is not None and time.high is not None:
        text += f" [{significant(time.low, 2)}, {significant(time.high, 2)}]"
    if time.n_reached < time.n_runs and time.horizon is not None:
        text += f", the others counted as {amount(time.horizon, 'train_s')}"
    return text


def _ratio_lines(ratios: Sequence[SpeedRatio]) -> Iterator[str]:
    by_unit = {ratio.unit: ratio for ratio in ratios if ratio.is_threshold}
    head = by_unit.get("train_s")
    if head is None:
        return
    pair = f"{agent_name(head.baseline)} / {agent_name(head.challenger)}"
    if head.ratio is None:
        yield f"  {pair}: no speed ratio, {head.reason}"
        return
    others = [
        f"{name} {_short(by_unit[unit])}"
        for unit, name in (
            ("train_cpu_s", "CPU time"),
            ("env_steps", "environment steps"),
            ("command_s", "time from command"),
        )
        if unit in by_unit and by_unit[unit].ratio is not None
    ]
    yield f"  {pair}: training time {_short(head)}{_verdict(head)}"
    if others:
        yield f"    {', '.join(others)}"


def _short(ratio: SpeedRatio) -> str:
    assert ratio.ratio is not None
    sign = {"": "", ">=": "at least ", "<=": "at most "}[ratio.bound]
    shown = f"{sign}{factor(ratio.ratio)}"
    if ratio.low is not None and ratio.high is not None:
        shown += f" [{number(ratio.low)}, {number(ratio.high)}]"
    return shown


def _verdict(ratio: SpeedRatio) -> str:
    """Who was faster, said only as surely as the interval allows."""
    if ratio.bound == ">=" and ratio.ratio is not None and ratio.ratio > 1:
        return ": ES faster, DQN never got there"
    if ratio.bound == "<=" and ratio.ratio is not None and ratio.ratio < 1:
        return ": DQN faster, ES never got there"
    if ratio.low is not None and ratio.low > 1:
        return ": ES faster"
    if ratio.high is not None and ratio.high < 1:
        return ": DQN faster"
    if ratio.low is None or ratio.high is None:
        return f" ({ratio.reason})" if ratio.reason else ""
    return ": the seeds do not settle which is faster"
