"""More than two agents: which places each may have, from all pairs of them.

Every pair is compared as two agents are anywhere else (`decide`, in training time to the threshold;
over several environments by the geometric mean of their ratios). An agent's best place comes after
all that were clearly faster, its worst one before all that were clearly slower. So agents that the
seeds do not tell apart share places, and no place hangs on a difference that may be chance. Places
in this sense are those of Mogstad, Romano, Shaikh and Wilhelm, Inference for Ranks (Review of
Economic Studies 2024), without their correction for many pairs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlbench.analysis.decision import decide
from rlbench.analysis.groups import (
    EnvironmentGroups,
    Group,
    baseline_groups,
    condition_differences,
)
from rlbench.analysis.speed_ratios import SpeedRatio, speed_ratio
from rlbench.analysis.suite_ratios import MeanRatio, overall_ratio
from rlbench.analysis.suites import Contest, Suite
from rlbench.runs.records import Unit

LEAST_AGENTS = 3
MOST_AGENTS = 16  # pairs grow with the square
UNIT: Unit = "train_s"


@dataclass(frozen=True)
class Standing:
    """One agent in a league. The ratio is how many times as fast as the baseline it was."""

    league: str
    agent: str  # the label of its groups
    first: int  # the best place it may have
    last: int  # and the worst
    n_faster: int  # agents that were clearly faster
    n_slower: int  # and clearly slower
    n_runs: int
    n_reached: int  # runs that reached the threshold
    is_baseline: bool
    ratio: float | None
    low: float | None
    high: float | None
    bound: str  # as in SpeedRatio
    reason: str  # why there is no ratio, no interval or only a bound


@dataclass(frozen=True)
class League:
    """Agents that all ran on the same environments under the same conditions, the fastest first.

    alone: the league of the same agents on each of several environments alone; empty for one.
    """

    label: str
    envs: tuple[str, ...]
    baseline: str
    standings: tuple[Standing, ...]
    alone: tuple[League, ...]


Entrants = dict[str, Group]
"""The groups that ran under the same conditions on one environment, by their labels."""
Field = Sequence[tuple[EnvironmentGroups, Entrants]]
"""The environments of a league, each with the same agents."""
Ratios = Mapping[tuple[str, str], SpeedRatio | MeanRatio | None]
"""By baseline and challenger, each pair once; the baseline of the league is always the first."""


def leagues(
    environments: Sequence[EnvironmentGroups], baseline: str | None = None
) -> tuple[League, ...]:
    """A league for each set of three agents or more, over the environments on which just these ran
    with a threshold under the same conditions; the one of most environments first.

    Variants of an agent count as agents. baseline: see `comparable_pairs`.
    """
    fields: dict[tuple[object, ...], list[tuple[EnvironmentGroups, Entrants]]] = {}
    for environment in environments:
        for entrants in _entrants(environment):
            first = next(iter(entrants.values())).first
            key = first.cores, first.cpu_model, first.device, first.rlbench, frozenset(entrants)
            fields.setdefault(key, []).append((environment, entrants))
    ranked = sorted(fields.values(), key=lambda field: -len(field))
    machines = {key[:-1] for key in fields}
    return tuple(_league(field, baseline, is_only_machine=len(machines) == 1) for field in ranked)


def _entrants(environment: EnvironmentGroups) -> Iterator[Entrants]:
    """Those of an environment that make a league, by the conditions under which they ran."""
    rest = [group for group in environment.contenders if group.threshold is not None]
    while rest:
        alike = [group for group in rest if not condition_differences(rest[0], group)]
        rest = [group for group in rest if group not in alike]
        if LEAST_AGENTS <= len(alike) <= MOST_AGENTS:
            yield {group.label: group for group in alike}


def _league(field: Field, baseline: str | None, *, is_only_machine: bool) -> League:
    envs = tuple(environment.env for environment, _ in field)
    names = list(field[0][1])
    asked = [group.label for group in baseline_groups(field[0][0], baseline)]
    base = next((name for name in asked if name in names), names[0])
    names = [base, *(name for name in names if name != base)]
    label = _label(envs, field[0][1][base], is_only_machine)
    ratios = {pair: _ratio(field, *pair) for pair in itertools.combinations(names, 2)}
    standings = [_standing(label, name, base, field, ratios) for name in names]
    standings.sort(key=lambda s: (s.first, s.last, -(s.ratio or 0.0), s.agent))
    several = field if len(field) > 1 else ()
    alone = (_league([one], baseline, is_only_machine=is_only_machine) for one in several)
    return League(label, envs, base, tuple(standings), tuple(alone))


def _label(envs: Sequence[str], group: Group, is_only_machine: bool) -> str:
    """On what a league ran, and on which machine where there are several."""
    label = envs[0] if len(envs) == 1 else f"{len(envs)} environments ({', '.join(envs)})"
    run = group.first
    machine = f"{run.cores} cores of {run.cpu_model or 'a CPU'}, {run.device or 'cpu'}"
    return label if is_only_machine else f"{label}, {machine}, rlbench {run.rlbench}"


def _ratio(field: Field, baseline: str, challenger: str) -> SpeedRatio | MeanRatio | None:
    """How two of the league compare: on its environment, or over all of them."""
    contests = tuple(
        Contest(environment, entrants[baseline], entrants[challenger])
        for environment, entrants in field
    )
    found = [
        speed_ratio(one.baseline, one.challenger, one.baseline.threshold, UNIT)
        for one in contests
        if one.baseline.threshold is not None
    ]
    if len(found) == 1:
        return found[0]
    return overall_ratio(Suite("", baseline, challenger, contests), found, UNIT)


def _standing(
    league: str,
    name: str,
    base: str,
    field: Field,
    ratios: Ratios,
) -> Standing:
    winners = [
        decide(ratio).winner_label
        for pair, ratio in ratios.items()
        if name in pair and ratio is not None
    ]
    n_slower = winners.count(name)
    n_faster = len(winners) - n_slower - winners.count(None)
    runs = [run for _, entrants in field for run in entrants[name].runs]
    return Standing(
        league=league,
        agent=name,
        first=1 + n_faster,
        last=len(field[0][1]) - n_slower,
        n_faster=n_faster,
        n_slower=n_slower,
        n_runs=len(runs),
        n_reached=sum(run.solved_at is not None for run in runs),
        is_baseline=name == base,
        **_against_baseline(name, base, ratios),
    )


def _against_baseline(name: str, base: str, ratios: Ratios) -> dict[str, Any]:
    """The fields of a standing that say how an agent compares with the baseline."""
    if name == base:
        return {"ratio": 1.0, "low": None, "high": None, "bound": "", "reason": ""}
    found = ratios[base, name]
    if found is None:
        reason = "fewer than two environments have a ratio"
        return {"ratio": None, "low": None, "high": None, "bound": "", "reason": reason}
    return {key: getattr(found, key) for key in ("ratio", "low", "high", "bound", "reason")}
