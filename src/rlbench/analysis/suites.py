"""Which environments may be put together: one DQN and one ES group each, on the same machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs


@dataclass(frozen=True)
class Contest:
    """One environment with the two groups that are compared on it."""

    environment: EnvironmentGroups
    baseline: Group
    challenger: Group

    @property
    def env(self) -> str:
        """The environment's id."""
        return self.environment.env


@dataclass(frozen=True)
class Suite:
    """Environments whose contests ran on the same cores, CPU model, device and version."""

    label: str  # what sets it apart from the other suites; empty where there is one
    contests: tuple[Contest, ...]  # environments in name order


def find_suites(environments: Sequence[EnvironmentGroups]) -> tuple[Suite, ...]:
    """Every set of conditions under which DQN and ES met on some environment, the largest first.

    An environment with several comparable pairs of one machine (two settings of an agent, say)
    belongs to none: nothing says which pair to take. `ambiguous_notes` names it.
    """
    parts: dict[tuple[object, ...], list[Contest]] = defaultdict(list)
    for environment in environments:
        for key, pairs in _pairs_by_machine(environment).items():
            if len(pairs) == 1:
                parts[key].append(Contest(environment, *pairs[0]))
    ranked = sorted(parts.items(), key=lambda part: (-len(part[1]), str(part[0])))
    return tuple(
        Suite(_label(key) if len(ranked) > 1 else "", tuple(contests)) for key, contests in ranked
    )


def ambiguous_notes(environments: Sequence[EnvironmentGroups]) -> Iterator[str]:
    """One line for each environment that no suite takes because it has too many pairs."""
    for environment in environments:
        for pairs in _pairs_by_machine(environment).values():
            if len(pairs) > 1:
                yield (
                    f"{environment.env}: {len(pairs)} pairs of dqn and es groups, "
                    "so it is in no aggregate over environments"
                )


def _pairs_by_machine(
    environment: EnvironmentGroups,
) -> dict[tuple[object, ...], list[tuple[Group, Group]]]:
    found: dict[tuple[object, ...], list[tuple[Group, Group]]] = defaultdict(list)
    for dqn, es in comparable_pairs(environment):
        run = dqn.first
        found[run.cores, run.cpu_model, run.device, run.rlbench].append((dqn, es))
    return found


def _label(key: tuple[object, ...]) -> str:
    cores, cpu_model, device, version = key
    return f"{cores} cores of {cpu_model or 'a CPU'}, {device or 'cpu'}, rlbench {version}"
