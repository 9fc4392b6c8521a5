"""Which runs may be averaged: groups of runs that differ in nothing but their seed."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rlbench.errors import ConfigError
from rlbench.runs.records import Run, Status

DEFAULT_BASELINE = "dqn"  # where it was run
FIRST_AGENTS = ("es", "dqn")  # in tables and figures; the others follow by name
REFERENCE_AGENT = "random"  # measures the return of acting at random; no contender
LONGEST_WORDS = 40  # characters of settings in a label
_IGNORED_OVERRIDES = ("seed=", "results_dir=", "overwrite=", "env=", "agent=", "-", "hydra")


@dataclass(frozen=True)
class Group:
    """Runs of one agent on one environment that differ only in their seed."""

    env: str
    agent: str
    label: str  # the agent's name, and what sets this group apart where there are several
    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        """Any run stands for what all of the group share."""
        return self.runs[0]

    @property
    def threshold(self) -> float | None:
        """The return that means solved."""
        return self.first.threshold

    @property
    def levels(self) -> tuple[float, ...]:
        """Every level that is timed, ascending."""
        return tuple(sorted({level for run in self.runs for level in run.levels}))

    @property
    def is_reference(self) -> bool:
        """Whether this is the agent that acts at random."""
        return self.agent == REFERENCE_AGENT

    def count(self, status: Status) -> int:
        """Runs with one status."""
        return sum(run.status == status for run in self.runs)

    @property
    def n_unfinished(self) -> int:
        """Runs that were interrupted or killed, or still go on."""
        return self.count("interrupted") + self.count("unfinished")

    def count_reached(self, level: float) -> int:
        """Runs that reached a level."""
        return sum(run.reached.get(level) is not None for run in self.runs)


@dataclass(frozen=True)
class EnvironmentGroups:
    """All groups of one environment: ES, DQN, other agents by name, the random agent last."""

    env: str
    groups: tuple[Group, ...]

    def named(self, label: str) -> Group:
        """The group with this label."""
        return next(group for group in self.groups if group.label == label)

    @property
    def contenders(self) -> tuple[Group, ...]:
        """The groups that try to learn."""
        return tuple(group for group in self.groups if not group.is_reference)

    @property
    def frame_skip(self) -> int | None:
        """Frames a step, where all runs play a game from its pixels with the same; else None."""
        runs = [run for group in self.groups for run in group.runs]
        skips = {run.frame_skip for run in runs}
        if len(skips) != 1 or any(r.sticky_actions is None or r.observations for r in runs):
            return None
        return skips.pop() or None

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds of all groups, ascending; more than one where conditions differ."""
        return tuple(sorted({g.threshold for g in self.groups if g.threshold is not None}))


def group_runs(runs: Sequence[Run]) -> tuple[EnvironmentGroups, ...]:
    """Sort runs into groups, environments in name order."""
    by_env: dict[str, dict[tuple[object, ...], list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        by_env[run.env][_key(run)].append(run)
    return tuple(
        EnvironmentGroups(env, _labelled(env, list(by_env[env].values()))) for env in sorted(by_env)
    )


def check_baseline(environments: Sequence[EnvironmentGroups], baseline: str | None) -> None:
    """Raise ConfigError where no environment has the agent, or the group, that others are to be
    compared with."""
    contenders = [group for environment in environments for group in environment.contenders]
    if baseline is None or (isinstance(baseline, str) and named_groups(contenders, baseline)):
        return
    raise _no_baseline({name for g in contenders for name in (g.agent, g.label)}, baseline)


def check_agent_of_baseline(agents: Iterable[str], baseline: str) -> None:
    """Raise ConfigError where no run of these agents can be the baseline: before there are runs,
    which have the label that may be asked for, only its agent is known."""
    contenders = {agent for agent in agents if agent != REFERENCE_AGENT}
    known = {name.lower() for agent in contenders for name in (agent, _as_called(agent))}
    asked = (baseline, _as_called(baseline)) if isinstance(baseline, str) else ()
    if not any(name.partition(" (")[0].lower() in known for name in asked):
        raise _no_baseline(contenders, baseline)


def _no_baseline(names: Iterable[str], baseline: str) -> ConfigError:
    if baseline == REFERENCE_AGENT:
        takes = "an agent that learns: acting at random is the zero of the scale and no contender"
        return ConfigError("baseline", baseline, takes)
    takes = ", ".join(sorted(names)) or "the name of an agent that was run"
    return ConfigError("baseline", baseline, takes)


def baseline_groups(
    environment: EnvironmentGroups, baseline: str | None = None
) -> tuple[Group, ...]:
    """The groups that all others of an environment are compared with; empty where it has none.

    baseline: an agent's name, for all of its groups, or the label of one group. None: DQN where it
    was run, else the agent of the first group.
    """
    contenders = environment.contenders
    if baseline is None:
        agents = [group.agent for group in contenders]
        baseline = DEFAULT_BASELINE if DEFAULT_BASELINE in agents else next(iter(agents), "")
    return named_groups(contenders, baseline)


def named_groups(groups: Sequence[Group], name: str) -> tuple[Group, ...]:
    """The groups of an agent of that name, or the one with that label; capital letters count only
    where both ways are there, as a report prints `ES (agent.sigma=0.1)`."""
    ways = ([group.agent for group in groups], [group.label for group in groups])
    for asked_for, names in itertools.product((name, _as_called(name)), ways):
        asked = asked_for if asked_for in names else asked_for.lower()
        have = names if asked_for in names else [own.lower() for own in names]
        found = tuple(g for g, own in zip(groups, have, strict=True) if own == asked)
        if found:
            return found
    return ()


def _as_called(name: str) -> str:
    """What runs are called of an agent that was named as it is chosen, `sb3:PPO`, or as a report
    prints it, `PPO (SB3)` and `CMA-ES (evosax, agent.sigma=1)`: `sb3-PPO`, and so on."""
    printed = re.fullmatch(r"([\w-]+) \((\w+)(?:, (.*))?\)", name)
    if printed is None:
        return name.replace(":", "-", 1)
    algorithm, library, words = printed.groups()
    return f"{library.lower()}-{algorithm.replace('-', '_')}" + (f" ({words})" if words else "")


def comparable_pairs(
    environment: EnvironmentGroups, baseline: str | None = None
) -> Iterator[tuple[Group, Group]]:
    """Pairs (baseline, challenger) of groups that ran under the same conditions: the speed ratio is
    defined for these.

    Where an agent is the baseline and no other was run, its variants are compared with each other:
    the first with all that ran under the same conditions.
    """
    bases = baseline_groups(environment, baseline)
    others = [group for group in environment.contenders if group not in bases]
    if others:
        for base in bases:
            for other in others:
                if not condition_differences(base, other):
                    yield base, other
        return
    rest = list(bases)
    while rest:
        first, *rest = rest
        for other in [group for group in rest if not condition_differences(first, group)]:
            rest.remove(other)
            yield first, other


def pair_names(baseline: Group, challenger: Group) -> tuple[str, str]:
    """What two groups are called over several environments: their agents; their labels where both
    are variants of one agent."""
    if baseline.agent == challenger.agent:
        return baseline.label, challenger.label
    return baseline.agent, challenger.agent


def condition_differences(one: Group, other: Group) -> list[str]:
    """What keeps two groups from being compared, in words; empty where nothing does."""
    a, b = one.first, other.first
    compared = (
        ("evaluation or environment settings", a.fingerprint, b.fingerprint),
        ("what is seen", a.observations or "pixels", b.observations or "pixels"),
        ("threshold", a.threshold, b.threshold),
        ("cores", a.cores, b.cores),
        ("CPU model", a.cpu_model, b.cpu_model),
        ("device", a.device, b.device),
        ("rlbench version", a.rlbench, b.rlbench),
    )
    return [f"{name} ({x} and {y})" for name, x, y in compared if x != y]


def _key(run: Run) -> tuple[object, ...]:
    return (
        run.agent,
        run.setup,
        run.fingerprint,
        run.threshold,
        run.cores,
        run.cpu_model,
        run.device,
        run.rlbench,
    )


def _rank(agent: str) -> tuple[int, str]:
    first = FIRST_AGENTS.index(agent) if agent in FIRST_AGENTS else len(FIRST_AGENTS)
    return (first + (agent == REFERENCE_AGENT), agent)


def _labelled(env: str, parts: list[list[Run]]) -> tuple[Group, ...]:
    contenders = [part[0] for part in parts if part[0].agent != REFERENCE_AGENT]
    groups = []
    for part in parts:
        words = list(_conditions_of(part[0], contenders))
        siblings = [other for other in parts if other[0].agent == part[0].agent]
        if len(siblings) > 1:
            words.extend(_settings_of(part, siblings, words))
        label = part[0].agent + (f" ({', '.join(words)})" if words else "")
        groups.append(Group(env, part[0].agent, label, tuple(part)))
    repeated = Counter(group.label for group in groups)
    # A label that two groups share would make two lines look like one agent's.
    groups = [
        group
        if repeated[group.label] == 1
        else Group(env, group.agent, f"{group.label} [setup {group.first.setup[:8]}]", group.runs)
        for group in groups
    ]
    return tuple(sorted(groups, key=lambda group: (_rank(group.agent), group.label)))


def _conditions_of(run: Run, all_runs: Iterable[Run]) -> Iterator[str]:
    """Conditions in which the environment's contenders differ, as this run has them."""
    others = list(all_runs)

    def differ(attribute: str) -> bool:
        return len({getattr(other, attribute) for other in others}) > 1

    if differ("cores"):
        yield f"cores={run.cores}"
    if differ("device"):
        yield f"device={run.device}"
    if differ("cpu_model"):
        yield run.cpu_model or "unknown CPU"
    if differ("rlbench"):
        yield f"rlbench {run.rlbench}"
    if differ("observations"):
        yield f"obs_type={run.observations}" if run.observations else "pixels"
    if differ("threshold"):
        yield f"threshold {run.threshold:g}" if run.threshold is not None else "no threshold"
    elif differ("fingerprint") and not differ("observations"):
        yield from _condition_words(run, others) or [f"conditions {run.fingerprint[:6]}"]


def _condition_words(run: Run, contenders: Sequence[Run]) -> list[str]:
    """What was typed about environment and evaluation for this run and not for all contenders;
    empty where it is too long."""
    own = [
        word
        for word in run.argv
        if word.lstrip("+").startswith(("env.", "eval."))
        and not all(word in other.argv for other in contenders)
    ]
    return own if len(", ".join(own)) <= LONGEST_WORDS else []


def _settings_of(part: list[Run], siblings: list[list[Run]], words: Sequence[str]) -> Iterator[str]:
    """Settings in which groups of one agent differ, as this group has them."""
    firsts = [sibling[0] for sibling in siblings]
    named = False
    for attribute in ("executor", "precision"):
        if len({getattr(run, attribute) for run in firsts}) > 1:
            named = True
            yield f"{attribute}={getattr(part[0], attribute)}"
    if len({run.learning for run in firsts}) > 1:
        mine = _overrides(part)
        shared = set.intersection(*(set(_overrides(sibling)) for sibling in siblings))
        own = [word for word in mine if word not in shared and word not in words]
        if own and len(", ".join(own)) <= LONGEST_WORDS:
            yield from own
        else:
            yield f"settings {part[0].learning[:6]}"
    elif not named and not words:
        yield f"setup {part[0].setup[:6]}"


def _overrides(part: list[Run]) -> list[str]:
    """Command-line words that all of a group's runs share, the ones that never matter left out."""
    common = set.intersection(*(set(run.argv) for run in part))
    return [
        word
        for word in part[0].argv
        if word in common and "=" in word and not word.startswith(_IGNORED_OVERRIDES)
    ]
