"""Tables about one set of runs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from reproductions.cells import markdown_row, millions, short_name
from rlbench.analysis.curves import evaluated, random_return
from rlbench.analysis.groups import EnvironmentGroups, Group, group_runs
from rlbench.analysis.league import leagues
from rlbench.analysis.level_times import level_time
from rlbench.analysis.return_differences import ReturnDifference, return_difference
from rlbench.analysis.speed_ratios import speed_ratio
from rlbench.published import table
from rlbench.published.dopamine import ADAM, MILLION, RMSPROP, DopamineCurve, dopamine_curve
from rlbench.published.levels import ATARI_FRACTIONS
from rlbench.reports.league import league_rows
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.wording import agent_name, ratio_text, significant

ONE_DECIMAL_BELOW = 100.0  # of a level
HEAD = ("task", "level", "return", "TRPO, paper", "ES, paper", "ES here", "DQN here")


def mujoco(results: Path) -> Iterator[str]:
    """Steps to TRPO's levels, of the paper and of our runs, in Markdown."""
    rows = [row for row in _times(results) if row["unit"] == "env_steps"]
    own = {(row["env"], row["agent"], float(row["level"])): row for row in rows}
    yield markdown_row(*HEAD)
    yield "|---" * 2 + "|--:" * (len(HEAD) - 2) + "|"
    for level in table("es_mujoco"):
        env, score = f"{level['env']}-v5", float(level["trpo_score"])
        if (env, "es", score) not in own:
            continue
        yield markdown_row(
            level["env"],
            f"{level['pct_of_trpo_progress']} %",
            f"{score:,.0f}",
            millions(float(level["trpo_timesteps"])),
            millions(float(level["es_timesteps"])),
            *(_ours(own.get((env, agent, score))) for agent in ("es", "dqn")),
        )


def atari(results: Path) -> Iterator[str]:
    """Returns at equal frames, of both of Dopamine's DQNs and of our runs by seed, by the nearest
    evaluation, and those at their ends, in Markdown. A dash is a run that had ended by then."""
    environments = group_runs(load_runs(results).runs)
    agents = [agent_name(group.label) for group in environments[0].contenders]
    ours_named = " | ".join(f"{name} here" for name in agents)
    yield f"| game | frames | Dopamine's DQN | ... with Adam | {ours_named} |"
    yield "|---" + "|--:" * (3 + len(agents)) + "|"
    for environment in environments:
        game = short_name(environment.env)
        assert environment.frame_skip is not None
        skip = environment.frame_skip
        published = [_published(environment.env, skip, agent) for agent in (RMSPROP, ADAM)]
        furthest = max(_end(run)[0] for group in environment.contenders for run in group.runs)
        for i, env_steps in enumerate(published[0].env_steps):
            if env_steps > furthest:
                break
            theirs = (_published_at(curve, i) for curve in published)
            ours = (_returns_at(group.runs, env_steps) for group in environment.contenders)
            yield markdown_row(game, f"{published[0].frames[i] / MILLION:g} M", *theirs, *ours)
        ours = (_returns_at_the_end(group.runs, skip) for group in environment.contenders)
        yield markdown_row(game, "at the end", "", "", *ours)


def levels(results: Path) -> Iterator[str]:
    """Who reached which part of the way from random play to a human tester, when, and how much
    sooner, in Markdown. Times are medians in seconds of training over all runs, those that did not
    get there too: there is none where fewer than half did."""
    yield (
        "| game | level | return | ES reached it | DQN reached it | ES, median | DQN, median "
        "| DQN's time over ES's |"
    )
    yield "|---" + "|--:" * 6 + "|---|"
    for environment in group_runs(load_runs(results).runs):
        groups = {group.agent: group for group in environment.contenders}
        es, dqn = groups["es"], groups["dqn"]
        for fraction, level in zip(ATARI_FRACTIONS, es.levels, strict=True):
            times = [level_time(group, level, "train_s") for group in (es, dqn)]
            yield markdown_row(
                short_name(environment.env),
                f"{fraction:.0%}",
                f"{level:,.1f}" if abs(level) < ONE_DECIMAL_BELOW else f"{level:,.0f}",
                *(f"{time.n_reached} of {time.n_runs}" for time in times),
                *("" if time.median is None else f"{time.median:.0f} s" for time in times),
                ratio_text(speed_ratio(dqn, es, level, "train_s")),
            )


def ends(results: Path) -> Iterator[str]:
    """What both agents scored in the end, in Markdown: medians over seeds of the last
    evaluation."""
    yield "| game | ES | DQN | ES less DQN | scored more |"
    yield "|---" + "|--:" * 3 + "|---|"
    for environment in group_runs(load_runs(results).runs):
        yield markdown_row(*_ends_of(environment, _difference(environment)))


def minatar(results: Path) -> Iterator[str]:
    """What both agents scored in the end, how soon the one with more had as much as the other in
    the end, how many steps they made (medians over seeds), and the mean return of random play, in
    Markdown."""
    yield (
        "| game | ES | DQN | ES less DQN | scored more | had the other's score after "
        "| steps, ES | steps, DQN | random play |"
    )
    yield "|---" + "|--:" * 3 + "|---" + "|--:" * 4 + "|"
    for environment in group_runs(load_runs(results).runs):
        found = _difference(environment)
        groups = {group.agent: group for group in environment.contenders}
        acting_at_random = random_return(environment)
        yield markdown_row(
            *_ends_of(environment, found),
            _passed(groups, found),
            *(millions(median(r.end.env_steps for r in groups[a].runs)) for a in ("es", "dqn")),
            "" if acting_at_random is None else significant(acting_at_random),
        )


def _difference(environment: EnvironmentGroups) -> ReturnDifference:
    """ES's return at the end less that of DQN."""
    groups = {group.agent: group for group in environment.contenders}
    found = return_difference(groups["dqn"], groups["es"])
    assert found is not None
    return found


def _ends_of(environment: EnvironmentGroups, found: ReturnDifference) -> Iterator[str]:
    interval = "no interval"
    if found.low is not None and found.high is not None:
        interval = f"[{significant(found.low)}, {significant(found.high)}]"
    ahead = "not settled" if found.ahead is None or not found.is_settled else found.ahead
    yield short_name(environment.env)
    yield significant(found.challenger_return)
    yield significant(found.baseline_return)
    yield f"{significant(found.difference)} {interval}"
    yield agent_name(ahead)


def _passed(groups: Mapping[str, Group], found: ReturnDifference) -> str:
    """`12 s`: after how much training a run of the agent with more in the end had, by an
    evaluation, as much as the other's median in the end. The median over its runs; empty where it
    is not settled who had more."""
    if not found.is_settled or found.ahead is None:
        return ""
    challenger_leads = found.ahead == found.challenger
    level = found.baseline_return if challenger_leads else found.challenger_return
    times = []
    for run in groups["es" if challenger_leads else "dqn"].runs:
        x, y = evaluated(run, "train_s")
        times.append(float(x[y >= level][0]) if (y >= level).any() else math.inf)
    return f"{median(times):.0f} s"


def league(results: Path) -> Iterator[str]:
    """The places of all agents over all tasks, how many times as fast as DQN each was, and on each
    task alone its place there, how many of its runs solved it, and after how much training in the
    median, in Markdown."""
    environments = group_runs(load_runs(results).runs)
    names = " | ".join(short_name(environment.env) for environment in environments)
    yield f"| place | agent | DQN's time over its | {names} |"
    yield "|---" * (3 + len(environments)) + "|"
    (found,) = leagues(environments, "dqn")
    for row in league_rows(found):
        cells = (
            f"{place}; {_solved(_group(environment, row.agent))}"
            for environment, place in zip(environments, row.alone, strict=True)
        )
        yield markdown_row(row.place, row.name, row.factor, *cells)


def _group(environment: EnvironmentGroups, label: str) -> Group:
    return next(group for group in environment.contenders if group.label == label)


def _solved(group: Group) -> str:
    """`10 of 10, 1.2 s`: how many runs solved it, and the median time where half of them did."""
    assert group.threshold is not None
    time = level_time(group, group.threshold, "train_s")
    solved = f"{time.n_reached} of {time.n_runs}"
    return solved if time.median is None else f"{solved}, {significant(time.median)} s"


def noise(results: Path) -> Iterator[str]:
    """Training seconds and steps of full-rank and of low-rank noise to what counts as solved, in
    Markdown."""
    yield "| task | noise | solved | training seconds | steps |"
    yield "|---" * 2 + "|--:" * 3 + "|"
    rows = [row for row in _times(results) if row["is_threshold"] == "true"]
    steps = {(row["env"], row["group"]): row for row in rows if row["unit"] == "env_steps"}
    for row in rows:
        if row["unit"] != "train_s":
            continue
        lowrank = "lowrank" in row["group"]
        yield markdown_row(
            row["env"],
            "rank 1" if lowrank else "full",
            f"{row['n_reached']} of {row['n_runs']}",
            f"{float(row['restricted_mean']):.3g}",
            millions(float(steps[row["env"], row["group"]]["restricted_mean"])),
        )


def humanoid(results: Path) -> Iterator[str]:
    """The return of each run after ten, thirty and sixty minutes of training, by the evaluation
    before, and its highest one, in Markdown."""
    times = (600, 1800, 3600)
    after = " | ".join(f"after {seconds // 60} min" for seconds in times)
    yield f"| agent | seed | steps | {after} | highest |"
    yield "|---" + "|--:" * (len(times) + 3) + "|"
    (found,) = group_runs(load_runs(results).runs)
    for group in found.contenders:
        for run in group.runs:
            x, y = evaluated(run, "train_s")
            yield markdown_row(
                agent_name(group.agent),
                str(run.seed),
                millions(run.end.env_steps),
                *(f"{y[x <= seconds][-1]:,.0f}" for seconds in times),
                f"{y.max():,.0f}",
            )


def _times(results: Path) -> list[dict[str, str]]:
    with (results / "report" / "time_to_threshold.csv").open() as file:
        return list(csv.DictReader(file))


def _end(run: Run) -> tuple[float, float]:
    """Steps and mean return of the last evaluation."""
    x, y = evaluated(run, "env_steps")
    return float(x[-1]), float(y[-1])


def _published(env: str, frame_skip: float, agent: str) -> DopamineCurve:
    curve = dopamine_curve(env, frame_skip, agent)
    assert curve is not None
    return curve


def _published_at(curve: DopamineCurve, i: int) -> str:
    """`-20.3 (-20.6 to -20.2)`: mean and range over its runs, in the million frames `i`."""
    return f"{curve.mean[i]:.1f} ({curve.lowest[i]:.1f} to {curve.highest[i]:.1f})"


def _returns_at(runs: Sequence[Run], env_steps: float) -> str:
    """`-17.2, -17.9`: the mean returns of the evaluations nearest to so many steps, a run each;
    empty where all had ended by then."""
    found = []
    for run in runs:
        x, y = evaluated(run, "env_steps")
        found.append(f"{y[abs(x - env_steps).argmin()]:.1f}" if env_steps <= x[-1] else "\u2013")
    return ", ".join(found) if set(found) != {"\u2013"} else ""


def _returns_at_the_end(runs: Sequence[Run], frame_skip: float) -> str:
    """`-17.2, -17.9 at 14 to 17 M`: the last evaluations' mean returns, a run each, and after how
    many frames those were."""
    ends = [_end(run) for run in runs]
    frames = sorted({f"{frame_skip * steps / MILLION:.2g}" for steps, _ in ends}, key=float)
    span = frames[0] if len(frames) == 1 else f"{frames[0]} to {frames[-1]}"
    return f"{', '.join(f'{value:.1f}' for _, value in ends)} at {span} M"


def _ours(row: Mapping[str, str] | None) -> str:
    """The mean over the runs, or how many reached it where not all did."""
    if row is None:
        return ""
    reached, runs = int(row["n_reached"]), int(row["n_runs"])
    if reached < runs:
        return f"{reached} of {runs} runs"
    return millions(float(row["restricted_mean"]))
