"""Print the tables of docs/reproduced.md: what papers published and what the committed runs did.

python scripts/reproduced.py [TABLE ...], where TABLE is one of the names in TABLES
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from reproductions.one_set import atari, ends, humanoid, league, levels, minatar, mujoco, noise
from reproductions.several_sets import answer, cores, faster, verdicts

REFERENCE = Path(__file__).resolve().parents[1] / "results" / "reference"
TABLES = {
    "answer": answer,
    "verdicts": verdicts,
    "faster": faster,
    "cores": cores,
    "mujoco": mujoco,
    "humanoid": humanoid,
    "ram": levels,
    "ram-scores": ends,
    "minatar": minatar,
    "league": league,
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
