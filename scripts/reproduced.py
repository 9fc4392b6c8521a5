"""Print the tables of docs/reproduced.md: what papers published and what the committed runs did.

python scripts/reproduced.py [mujoco | pong]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rlbench.published import table
from rlbench.report.curves import evaluated
from rlbench.report.dopamine import MILLION, dopamine_curve
from rlbench.report.groups import group_runs
from rlbench.report.load import load_runs
from rlbench.report.records import Run

REFERENCE = Path(__file__).resolve().parents[1] / "results" / "reference"
HEAD = ("task", "level", "return", "TRPO, paper", "ES, paper", "ES here", "DQN here")


def mujoco(results: Path) -> Iterator[str]:
    """Steps to TRPO's levels, of the paper and of our runs, in Markdown."""
    with (results / "report" / "time_to_threshold.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["unit"] == "env_steps"]
    own = {(row["env"], row["agent"], float(row["level"])): row for row in rows}
    yield f"| {' | '.join(HEAD)} |"
    yield "|---" * 2 + "|--:" * (len(HEAD) - 2) + "|"
    for level in table("es_mujoco"):
        env, score = f"{level['env']}-v5", float(level["trpo_score"])
        if (env, "es", score) not in own:
            continue
        cells = [
            level["env"],
            f"{level['pct_of_trpo_progress']} %",
            f"{score:,.0f}",
            _millions(float(level["trpo_timesteps"])),
            _millions(float(level["es_timesteps"])),
            *(_ours(own.get((env, agent, score))) for agent in ("es", "dqn")),
        ]
        yield f"| {' | '.join(cells)} |"


def pong(results: Path) -> Iterator[str]:
    """Returns at equal frames, of Dopamine's DQN and of our runs, in Markdown."""
    (environment,) = group_runs(load_runs(results).runs)
    published = dopamine_curve(environment)
    assert published is not None
    contenders = environment.contenders
    yield f"| frames | Dopamine's DQN | {' | '.join(f'{g.label} here' for g in contenders)} |"
    yield "|--:" * (2 + len(contenders)) + "|"
    ends = [_end(group.runs) for group in contenders]
    for i, env_steps in enumerate(published.env_steps):
        frames = published.frames[i] / MILLION
        if env_steps > max(ends):
            break
        mean, low, high = (c[i] for c in (published.mean, published.lowest, published.highest))
        cells = [
            f"{frames:g} M",
            f"{mean:.1f} ({low:.1f} to {high:.1f})",
            *(
                _returns_at(g.runs, env_steps) if env_steps <= end else ""
                for g, end in zip(contenders, ends, strict=True)
            ),
        ]
        yield f"| {' | '.join(cells)} |"


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
    """The mean over the runs, or how many got there where not all did."""
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


TABLES = {"mujoco": mujoco, "pong": pong}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        if name not in TABLES:
            sys.exit(f"reproduced: {name}: no such table; there are {', '.join(TABLES)}")
        print("\n".join(TABLES[name](REFERENCE / name)), end="\n\n")
