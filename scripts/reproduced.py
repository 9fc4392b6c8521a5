"""Print the tables of docs/reproduced.md: what papers published and what the committed runs did.

python scripts/reproduced.py [TABLE ...], where TABLE is one of the names in TABLES
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from rlbench.analysis.curves import evaluated
from rlbench.analysis.decision import decide
from rlbench.analysis.groups import EnvironmentGroups, group_runs
from rlbench.analysis.level_times import level_time
from rlbench.analysis.return_differences import return_difference
from rlbench.analysis.speed_ratios import (
    SpeedRatio,
    speed_ratio,
    speed_ratios,
    threshold_ratios,
)
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.analysis.suite_statistics import across_environments
from rlbench.published import table
from rlbench.published.dopamine import MILLION, dopamine_curve
from rlbench.published.levels import ATARI_FRACTIONS
from rlbench.runs.columns import Clock, Unit
from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.wording import agent_name, ratio_text, significant, winner_text

REFERENCE = Path(__file__).resolve().parents[1] / "results" / "reference"
HEAD = ("task", "level", "return", "TRPO, paper", "ES, paper", "ES here", "DQN here")


def mujoco(results: Path) -> Iterator[str]:
    """Steps to TRPO's levels, of the paper and of our runs, in Markdown."""
    rows = [row for row in _times(results) if row["unit"] == "env_steps"]
    own = {(row["env"], row["agent"], float(row["level"])): row for row in rows}
    yield _row(*HEAD)
    yield "|---" * 2 + "|--:" * (len(HEAD) - 2) + "|"
    for level in table("es_mujoco"):
        env, score = f"{level['env']}-v5", float(level["trpo_score"])
        if (env, "es", score) not in own:
            continue
        yield _row(
            level["env"],
            f"{level['pct_of_trpo_progress']} %",
            f"{score:,.0f}",
            _millions(float(level["trpo_timesteps"])),
            _millions(float(level["es_timesteps"])),
            *(_ours(own.get((env, agent, score))) for agent in ("es", "dqn")),
        )


def atari(results: Path) -> Iterator[str]:
    """Returns at equal frames, of Dopamine's DQN and of our runs, and those at their ends, in
    Markdown."""
    environments = group_runs(load_runs(results).runs)
    agents = [group.label for group in environments[0].contenders]
    yield f"| game | frames | Dopamine's DQN | {' | '.join(f'{name} here' for name in agents)} |"
    yield "|---" + "|--:" * (2 + len(agents)) + "|"
    for environment in environments:
        game = short_name(environment.env)
        assert environment.frame_skip is not None
        published = dopamine_curve(environment.env, environment.frame_skip)
        assert published is not None
        ends = [_end(group.runs) for group in environment.contenders]
        for i, env_steps in enumerate(published.env_steps):
            if env_steps > max(ends):
                break
            mean, low, high = (c[i] for c in (published.mean, published.lowest, published.highest))
            ours = (
                _returns_at(group.runs, env_steps) if env_steps <= end else ""
                for group, end in zip(environment.contenders, ends, strict=True)
            )
            theirs = f"{mean:.1f} ({low:.1f} to {high:.1f})"
            yield _row(game, f"{published.frames[i] / MILLION:g} M", theirs, *ours)
        skip = published.frames[0] / published.env_steps[0]
        ours = (
            f"{_returns_at(group.runs, end)} at {skip * end / MILLION:.2g} M"
            for group, end in zip(environment.contenders, ends, strict=True)
        )
        yield _row(game, "at the end", "", *ours)


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
            yield _row(
                short_name(environment.env),
                f"{fraction:.0%}",
                f"{level:,.0f}",
                *(f"{time.n_reached} of {time.n_runs}" for time in times),
                *("" if time.median is None else f"{time.median:.0f} s" for time in times),
                ratio_text(speed_ratio(dqn, es, level, "train_s")),
            )


def ends(results: Path) -> Iterator[str]:
    """What both agents scored in the end where nothing counts as solved, in Markdown: medians over
    seeds of the last evaluation."""
    yield "| game | ES | DQN | ES less DQN | scored more |"
    yield "|---" + "|--:" * 3 + "|---|"
    for environment in group_runs(load_runs(results).runs):
        groups = {group.agent: group for group in environment.contenders}
        found = return_difference(groups["dqn"], groups["es"])
        assert found is not None
        interval = "no interval"
        if found.low is not None and found.high is not None:
            interval = f"[{significant(found.low)}, {significant(found.high)}]"
        ahead = "not settled" if found.ahead is None or not found.is_settled else found.ahead
        yield _row(
            short_name(environment.env),
            significant(found.challenger_return),
            significant(found.baseline_return),
            f"{significant(found.difference)} {interval}",
            agent_name(ahead),
        )


def cores(reference: Path) -> Iterator[str]:
    """What a second core is worth to each agent on the classic tasks, in Markdown: the training
    time to the threshold on one core over that on two, seed by seed. A seed that takes as many
    steps on both learns the same on both, so what differs is the machine."""
    yield (
        "| environment | agent | solved, one core | solved, two cores "
        "| time over time, median of seeds | lowest to highest | same steps |"
    )
    yield "|---" * 4 + "|---" * 3 + "|"
    one, two = (
        {found.env: found for found in group_runs(load_runs(reference / name).runs)}
        for name in ("classic-one-core", "classic")
    )
    for env in sorted(one.keys() & two.keys()):
        for alone in one[env].contenders:
            both = next(group for group in two[env].contenders if group.agent == alone.agent)
            solved = [_solved(group.runs) for group in (alone, both)]
            pairs = [(solved[0][seed], solved[1][seed]) for seed in solved[0] if seed in solved[1]]
            ratios = sorted(first.train_s / second.train_s for first, second in pairs)
            same = sum(first.env_steps == second.env_steps for first, second in pairs)
            yield _row(
                env,
                agent_name(alone.agent),
                *(f"{len(n)} of {len(g.runs)}" for n, g in zip(solved, (alone, both), strict=True)),
                f"{median(ratios):.2f}\u00d7",
                f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
                f"{same} of {len(pairs)}",
            )


def _solved(runs: Sequence[Run]) -> dict[int, Clock]:
    """When the runs were solved, by seed, without those that were not."""
    return {run.seed: run.solved_at.at for run in runs if run.solved_at is not None}


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
        yield _row(
            row["env"],
            "rank 1" if lowrank else "full",
            f"{row['n_reached']} of {row['n_runs']}",
            f"{float(row['restricted_mean']):.3g}",
            _millions(float(steps[row["env"], row["group"]]["restricted_mean"])),
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
            yield _row(
                agent_name(group.agent),
                str(run.seed),
                _millions(run.end.env_steps),
                *(f"{y[x <= seconds][-1]:,.0f}" for seconds in times),
                f"{y.max():,.0f}",
            )


def faster(reference: Path) -> Iterator[str]:
    """Who was faster on every environment of every committed set, as every report decides it, in
    Markdown."""
    yield "| set | environment | baseline, solved | challenger, solved | time over time | faster |"
    yield "|---" * 6 + "|"
    for results in sorted(path for path in reference.iterdir() if path.is_dir()):
        environments = group_runs(load_runs(results).runs)
        ratios = [ratio for found in environments for ratio in speed_ratios(found)]
        rows: list[SpeedRatio | MeanRatio] = [*threshold_ratios(ratios)]
        for suite in across_environments(environments, ratios):
            rows += [mean for mean in suite.ratios if mean.unit == "train_s"]
        for ratio in rows:
            yield _row(
                results.name,
                ratio.env,
                f"{agent_name(ratio.baseline)} {ratio.n_baseline_reached} of {ratio.n_baseline}",
                f"{agent_name(ratio.challenger)} {ratio.n_challenger_reached} of "
                f"{ratio.n_challenger}",
                ratio_text(ratio),
                winner_text(decide(ratio)),
            )


def answer(reference: Path) -> Iterator[str]:
    """On which environments of each set of ES against DQN who was faster, and how much sooner over
    those with a ratio together, where that is more than half of them, in training time, in time
    from the command and in steps, in Markdown: the table of docs/answer.md."""
    yield (
        "| runs | ES was faster | DQN was faster | not settled | no ratio "
        "| together, by training time | ... from the command | ... by steps |"
    )
    yield "|---" * 8 + "|"
    for name, kind in ANSWERS.items():
        if not (reference / name).is_dir():
            continue
        environments = group_runs(load_runs(reference / name).runs)
        ratios = [ratio for found in environments for ratio in speed_ratios(found)]
        envs: dict[str, list[str]] = {}
        for ratio in threshold_ratios(ratios):
            envs.setdefault(winner_text(decide(ratio)), []).append(short_name(ratio.env))
        means = {
            mean.unit: mean
            for suite in across_environments(environments, ratios)
            for mean in suite.ratios
            if 2 * mean.n_environments > len(environments)
        }
        yield _row(
            f"{kind}, {_cores_of(environments)}",
            *(", ".join(envs.get(c, [])) for c in ("ES", "DQN", "not settled", "no comparison")),
            *(_together(means.get(clock), len(environments)) for clock in CLOCKS),
        )


def _together(mean: MeanRatio | None, n_environments: int) -> str:
    """`0.62×, 5 of 7`: on how many environments a mean rests, where that is not all of them."""
    if mean is None or mean.ratio is None:
        return ""
    part = f", {mean.n_environments} of {n_environments}"
    return ratio_text(mean) + (part if mean.n_environments < n_environments else "")


def _cores_of(environments: Sequence[EnvironmentGroups]) -> str:
    """`a core each`, for the runs of ES and DQN."""
    (cores,) = {run.cores for found in environments for g in found.contenders for run in g.runs}
    return "a core each" if cores == 1 else f"{cores} cores each"


def verdicts(reference: Path) -> Iterator[str]:
    """What the reports of the sets that can test a claim say of it, in Markdown."""
    yield "| claim | runs | verdict | because |"
    yield "|---" * 4 + "|"
    for key, name in CLAIMS.items():
        file = reference / name / "report" / "claims.json"
        if not file.is_file():
            continue
        claims = json.loads(file.read_text(encoding="utf-8"))["claims"]
        (claim,) = (claim for claim in claims if claim["key"] == key)
        verdict = claim["verdict"]
        stated = f"{verdict['outcome']} {verdict['condition']}".rstrip()
        yield _row(claim["title"], ANSWERS[name], stated, verdict["reason"])


def short_name(env: str) -> str:
    """`Pong` of `ALE/Pong-v5`."""
    return env.rpartition("/")[2].rpartition("-")[0]


def _times(results: Path) -> list[dict[str, str]]:
    with (results / "report" / "time_to_threshold.csv").open() as file:
        return list(csv.DictReader(file))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _end(runs: Sequence[Run]) -> float:
    return max(float(evaluated(run, "env_steps")[0][-1]) for run in runs)


def _returns_at(runs: Sequence[Run], env_steps: float) -> str:
    """The last evaluations' mean returns at or before so many steps, a run each."""
    found = []
    for run in runs:
        x, y = evaluated(run, "env_steps")
        before = y[x <= env_steps]
        found.extend([f"{before[-1]:.1f}"] if len(before) else [])
    return ", ".join(found)


def _ours(row: Mapping[str, str] | None) -> str:
    """The mean over the runs, or how many reached it where not all did."""
    if row is None:
        return ""
    reached, runs = int(row["n_reached"]), int(row["n_runs"])
    if reached < runs:
        return f"{reached} of {runs} runs"
    return _millions(float(row["restricted_mean"]))


def _millions(steps: float) -> str:
    if steps == 0:
        return "0"
    return f"{steps / 1e6:.3g} M" if steps >= 1e5 else f"{steps / 1e6:.2g} M"


ANSWERS = {  # of docs/answer.md: the sets of ES against DQN
    "classic-one-core": "classic control",
    "classic": "classic control",
    "mujoco": "robotics",
    "humanoid": "the Humanoid",
    "ram": "Atari from memory",
    "pong": "Pong from pixels",
    "games": "other Atari games from pixels",
}
CLOCKS: tuple[Unit, ...] = ("train_s", "command_s", "env_steps")
CLAIMS = {"atari": "ram", "robotics": "mujoco"}  # and the set that tests each
TABLES = {
    "answer": answer,
    "verdicts": verdicts,
    "faster": faster,
    "cores": cores,
    "mujoco": mujoco,
    "humanoid": humanoid,
    "ram": levels,
    "ram-scores": ends,
    "minatar": ends,
    "noise": noise,
    "pong": atari,
    "games": atari,
}
OF_ALL = ("answer", "verdicts", "faster")
SETS = {  # of a table that is named after none; of one about several sets, the last to be run
    "cores": "classic-one-core",
    "ram-scores": "ram",
}


def runs_of(name: str) -> Path:
    """The runs that a table needs: one committed set, or all of them."""
    return REFERENCE if name in OF_ALL else REFERENCE / SETS.get(name, name)


def table_of(name: str) -> Iterator[str]:
    """The lines of a table."""
    return TABLES[name](REFERENCE if name == "cores" else runs_of(name))


if __name__ == "__main__":
    for name in sys.argv[1:] or [name for name in TABLES if runs_of(name).is_dir()]:
        if name not in TABLES:
            sys.exit(f"reproduced: {name}: no such table; there are {', '.join(TABLES)}")
        if not runs_of(name).is_dir():
            made = SETS.get(name, name)
            sys.exit(f"reproduced: {name}: not run; bash scripts/reference {made} makes it")
        print("\n".join(table_of(name)), end="\n\n")
