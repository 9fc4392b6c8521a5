"""Print the table of docs/reproduced.md: steps to TRPO's levels, of the paper and of our runs.

    python scripts/mujoco_levels.py [REPORT]

REPORT is the report of the runs, results/reference/mujoco/report where none is named.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rlbench.published import table

REPORT = Path(__file__).resolve().parents[1] / "results" / "reference" / "mujoco" / "report"
HEAD = ("task", "level", "return", "TRPO, paper", "ES, paper", "ES here", "DQN here")


def lines(report: Path) -> Iterator[str]:
    """The table's lines, in Markdown."""
    with (report / "time_to_threshold.csv").open() as file:
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


if __name__ == "__main__":
    print("\n".join(lines(Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT)))
