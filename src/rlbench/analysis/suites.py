"""Which environments may be put together: two agents that met on each, on the same machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rlbench.analysis.groups import EnvironmentGroups, Group, comparable_pairs, pair_names


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

    @property
    def sides(self) -> tuple[Group, Group]:
        """Challenger and baseline."""
        return self.challenger, self.baseline


@dataclass(frozen=True)
class Suite:
    """Environments on which one challenger met the baseline on the same cores, CPU model, device
    and version."""

    label: str  # what sets it apart from the other suites; empty where there is one
    baseline: str  # the agent's name; the group's label where one agent's variants are compared
    challenger: str
    contests: tuple[Contest, ...]  # environments in name order

    @property
    def sides(self) -> tuple[str, str]:
        """Challenger and baseline."""
        return self.challenger, self.baseline


@dataclass(frozen=True)
class Ambiguity:
    """An environment that no suite takes, since nothing says which of several pairs to take."""

    env: str
    baseline: str
    challenger: str
    pairs: int


@dataclass(frozen=True)
class _Key:
    """What all contests of a suite share."""

    machine: tuple[object, ...]  # cores, CPU model, device, version
    baseline: str
    challenger: str

    @property
    def sides(self) -> tuple[str, str]:
        """Challenger and baseline."""
        return self.challenger, self.baseline


def find_suites(
    environments: Sequence[EnvironmentGroups], baseline: str | None = None
) -> tuple[Suite, ...]:
    """Every challenger under every set of conditions under which it met the baseline on some
    environment, the largest suite first.

    baseline: see `comparable_pairs`.
    """
    parts: dict[_Key, list[Contest]] = defaultdict(list)
    for environment in environments:
        for key, contests in _contests(environment, baseline).items():
            if len(contests) == 1:
                parts[key] += contests
    ranked = sorted(
        parts.items(),
        key=lambda part: (-len(part[1]), part[0].sides, str(part[0].machine)),
    )
    return tuple(
        Suite(_label(key, parts.keys()), key.baseline, key.challenger, tuple(contests))
        for key, contests in ranked
    )


def ambiguities(
    environments: Sequence[EnvironmentGroups], baseline: str | None = None
) -> list[Ambiguity]:
    """Environments with several pairs of the same two agents on one machine (two settings of an
    agent, say)."""
    return [
        Ambiguity(environment.env, key.baseline, key.challenger, len(contests))
        for environment in environments
        for key, contests in _contests(environment, baseline).items()
        if len(contests) > 1
    ]


def _contests(environment: EnvironmentGroups, baseline: str | None) -> dict[_Key, list[Contest]]:
    found: dict[_Key, list[Contest]] = defaultdict(list)
    for base, challenger in comparable_pairs(environment, baseline):
        run = base.first
        machine = (run.cores, run.cpu_model, run.device, run.rlbench)
        key = _Key(machine, *pair_names(base, challenger))
        found[key].append(Contest(environment, base, challenger))
    return found


def _label(key: _Key, keys: Collection[_Key]) -> str:
    """In what a suite differs from the others."""
    words = []
    if len({other.sides for other in keys}) > 1:
        words.append(f"{key.challenger} against {key.baseline}")
    if len({other.machine for other in keys}) > 1:
        cores, cpu_model, device, version = key.machine
        words.append(
            f"{cores} cores of {cpu_model or 'a CPU'}, {device or 'cpu'}, rlbench {version}"
        )
    return ", ".join(words)
