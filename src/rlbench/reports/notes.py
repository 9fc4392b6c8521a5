"""What a reader should know of the runs before the numbers are believed, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rlbench.analysis.drift import drifts, uneven_seeds
from rlbench.analysis.groups import (
    EnvironmentGroups,
    baseline_groups,
    comparable_pairs,
    condition_differences,
)
from rlbench.analysis.suite_statistics import SuiteStatistics
from rlbench.analysis.suites import ambiguities
from rlbench.runs.contention import contention
from rlbench.runs.reading import printable
from rlbench.runs.records import MEMORY, Run
from rlbench.wording import agent_name, names_text


def incomparable_notes(
    environment: EnvironmentGroups, baseline: str | None = None
) -> Iterator[str]:
    """One line for each agent of which no group may be compared with the baseline."""
    bases = baseline_groups(environment, baseline)
    compared = {c.agent for _, c in comparable_pairs(environment, baseline)}
    named = {group.agent for group in bases}
    for group in environment.contenders:
        if bases and group.agent not in compared | named:
            named.add(group.agent)
            differences = ", ".join(condition_differences(bases[0], group))
            yield (
                f"{environment.env}: no speed ratio, {bases[0].agent} and {group.agent} differ in "
                f"{differences}"
            )


def observation_notes(environments: Sequence[EnvironmentGroups]) -> Iterator[str]:
    """One line for all games that were seen as something else than in published results."""
    games = [e.env for e in environments if any(g.first.observations == MEMORY for g in e.groups)]
    if games:
        which = games[0] if len(games) == 1 else f"{len(games)} games"
        yield (
            f"{which}: agents saw the emulator's memory (128 bytes), not pixels as in published "
            "scores and in the claims"
        )


def budget_notes(environment: EnvironmentGroups) -> Iterator[str]:
    """One line for each group whose runs had different budgets."""
    for group in environment.groups:
        budgets = {(run.budget_train_s, run.budget_env_steps) for run in group.runs}
        if len(budgets) > 1:
            yield (
                f"{environment.env}, {group.label}: budgets differ between seeds; "
                "compared up to the shortest"
            )


def failure_notes(runs: Iterable[Run]) -> Iterator[str]:
    """One line for each run that failed."""
    for run in runs:
        if run.status == "failed":
            yield f"{printable(str(run.path))}: failed{f': {run.error}' if run.error else ''}"


def contention_notes(runs: Iterable[Run]) -> Iterator[str]:
    """One line for all runs that shared the machine with more than the jobs of their sweep, by whom
    they shared it with."""
    found: dict[str, list[tuple[float, str]]] = {}
    for run in runs:
        for share, who in contention(run):
            found.setdefault(who, []).append((share, printable(str(run.path))))
    for who, shared in found.items():
        most, path = max(shared)
        if len(shared) == 1:
            yield f"{path}: {who} had {most:.0%} of the cores' time while it ran"
        else:
            least = min(shared)[0]
            range_ = (
                f"{least:.0%} to {most:.0%}" if f"{least:.0%}" != f"{most:.0%}" else f"{most:.0%}"
            )
            yield (
                f"{len(shared)} runs: {who} had {range_} of the cores' time while they ran, most "
                f"while {path} did"
            )


def drift_notes(environments: Sequence[EnvironmentGroups]) -> Iterator[str]:
    """One line for each machine that became slower or faster while the runs were made."""
    for found in drifts(environments):
        if found.is_flagged:
            how = "slower" if found.change < 0.0 else "faster"
            yield (
                f"{found.machine or 'unknown CPU'}: over {found.n_runs} runs in the order of their "
                f"starts, runs of the same setup became {abs(found.change):.0%} {how} "
                f"(rank correlation {found.correlation:.2f}): the machine drifted"
            )


def uneven_notes(environments: Sequence[EnvironmentGroups]) -> Iterator[str]:
    """One line for each environment on which its agents were faster with one seed than another."""
    for environment in environments:
        found = uneven_seeds(environment)
        if found is not None and found.is_flagged:
            least, most = f"{found.least:.1f}", f"{found.most:.1f}"
            gain = least if least == most else f"{least} to {most}"
            names = names_text([agent_name(label) for label in found.agents])
            why = (
                "memory_mb or platform in run.json shows another machine or operating system"
                if found.systems_differ
                else "the machine was not equally fast, or not the same one"
            )
            yield (
                f"{found.env}: over the same steps all agents ({names}) were {gain} times as "
                f"fast with seed {found.faster} as with seed {found.slower}: {why}. "
                "Runs of one seed compare better than runs of different ones"
            )


def suite_notes(
    environments: Sequence[EnvironmentGroups],
    suites: Sequence[SuiteStatistics],
    baseline: str | None = None,
) -> Iterator[str]:
    """What the aggregates over environments lack, and why."""
    for found in ambiguities(environments, baseline):
        yield (
            f"{found.env}: {found.pairs} pairs of {found.baseline} and {found.challenger} groups, "
            "so it is in no aggregate over environments"
        )
    if not suites:
        yield (
            "no aggregate over environments: it takes two on which the same two agents ran under "
            "the same conditions"
        )
    for suite in suites:
        for env, reason in suite.unscored.items():
            yield f"{env}: no normalised score, {reason}"
        if len(suite.scores) < 2:
            yield "no aggregate of normalised scores: fewer than two environments have any"
