"""results/validation/table.md: every case with what came out, from its runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rlbench.runs.load import load_runs
from rlbench.runs.records import Run
from rlbench.wording import agent_name
from validations import dopamine
from validations.agreement import MARGIN as SHARE
from validations.agreement import (
    SHARES,
    Agreement,
    agreement,
    mean_return,
    median_returns,
    untrained,
)
from validations.cases import Case, Side

HEAD = """\
# Agents held against those of other libraries

Written by `scripts/validation`. Both sides have the same hyperparameters, environments, budget in
steps and evaluation (20 episodes, the same schedule). A run's figure is its mean return over all
steps of its budget: the area under its learning curve, over the steps. The difference is the median
over all pairs of runs, with the exact 95 % interval of the rank-sum test. *Equivalent*: the whole
interval is within the margin, a tenth of the way from the untrained policy to the threshold.
*Different*: it is not, and 0 lies outside of it. Agents that do not differ are called equivalent
with 20 runs a side in nearly all experiments where the standard deviation of one agent's runs is
half the margin, in 7 of 10 where it is the margin, in 1 of 10 where it is one and a half. With 10
runs a side it is 97, 13 and less than one of 100.
"""


class Made(NamedTuple):
    """A case with the runs of both sides."""

    case: Case
    ours: list[Run]
    theirs: list[Run]


def document(folder: Path, cases: Sequence[Case]) -> str:
    """The whole file. folder: with the runs of each case below its name."""
    made = [Made(case, *_runs(folder, case)) for case in cases]
    found = [one for one in made if one.ours and one.theirs]
    lines = [HEAD, *_summary(found)]
    for case, ours, theirs in found:
        lines += ["", f"## {_title(case)}", "", *_curves(case, ours, theirs)]
    of_dopamine = list(dopamine.section(folder))
    if of_dopamine:
        lines += ["", *of_dopamine]
    return "\n".join(lines) + "\n"


def result(case: Case, ours: Sequence[Run], theirs: Sequence[Run]) -> Agreement:
    """What the runs of one case say."""
    threshold = ours[0].threshold
    assert threshold is not None
    margin = SHARE * (threshold - untrained([*ours, *theirs]))
    mine, other = ([mean_return(run, case.env_steps) for run in runs] for runs in (ours, theirs))
    return agreement(mine, other, margin)


def _runs(folder: Path, case: Case) -> tuple[list[Run], list[Run]]:
    """The runs of both sides that came to the end of their budget."""
    runs = load_runs(folder / case.name).runs if (folder / case.name).is_dir() else ()

    def of(side: Side) -> list[Run]:
        return [r for r in runs if r.agent == side.agent and r.end.env_steps >= case.env_steps]

    return of(case.ours), of(case.theirs)


def _title(case: Case) -> str:
    return f"{agent_name(case.ours.agent)} and {agent_name(case.theirs.agent)} on {case.env}"


def _summary(found: Sequence[Made]) -> Iterator[str]:
    yield "| case | steps | seeds | mean return, ours | theirs | difference | margin | |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for case, ours, theirs in found:
        said = result(case, ours, theirs)
        ends = "no interval"
        if said.low is not None and said.high is not None:
            ends = f"{_number(said.low)} to {_number(said.high)}"
        cells = [
            _title(case), f"{case.env_steps:,}", f"{said.n_ours} and {said.n_theirs}",
            _number(said.ours), _number(said.theirs), f"{_number(said.difference)} ({ends})",
            _number(said.margin), said.outcome,
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _curves(case: Case, ours: Sequence[Run], theirs: Sequence[Run]) -> Iterator[str]:
    yield (
        "| median return after | "
        + " | ".join(f"{share * case.env_steps:,.0f} steps" for share in SHARES)
        + " |"
    )
    yield "|---" + "|--:" * len(SHARES) + "|"
    for side, runs in ((case.ours, ours), (case.theirs, theirs)):
        values = map(_number, median_returns(runs, case.env_steps))
        yield f"| {agent_name(side.agent)} | {' | '.join(values)} |"


def _number(value: float) -> str:
    rounded = round(value, 1) if math.isfinite(value) else value
    return f"{rounded + 0.0:.1f}"  # no -0.0
