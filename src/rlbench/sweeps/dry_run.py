"""The plan of a sweep as one table: what each agent on each environment would take here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shutil import get_terminal_size

from rlbench.clock import monotonic_s
from rlbench.envs.family import EnvPlan
from rlbench.errors import ConfigError
from rlbench.harness.dry_run import Cost, cost, hours, measured, memory_words
from rlbench.harness.plan import RunPlan, name_run, plan_run
from rlbench.harness.screen import duration, for_terminal
from rlbench.harness.speed import Speed
from rlbench.sweeps.display import count
from rlbench.sweeps.jobs import Job, State, together

MEASURING_S = 60.0  # all probes together; no new one begins later
LEFT_OUT_FIRST = ("cores", "evaluating", "steps/s")  # of the columns, on a narrow terminal


@dataclass
class _Group:
    """Jobs that differ in their seeds alone. speed: as measured, or why it was not."""

    jobs: list[Job] = field(default_factory=list)
    plan: RunPlan | None = None
    speed: Speed | str = ""

    @property
    def cost(self) -> Cost:
        assert self.plan is not None
        return cost(self.plan, self.speed if isinstance(self.speed, Speed) else None)


def print_plan(jobs: Sequence[Job]) -> None:
    """Print a row for each agent on each environment, and the sum; jobs that cannot run become
    FAILED. Each row is measured once, as long as all of it takes no more than a minute or so."""
    groups = _groups(jobs)
    deadline = monotonic_s() + MEASURING_S
    quick = any(job.settings is not None and job.settings.dry_run == "quick" for job in jobs)
    for group in groups:
        assert group.plan is not None
        if quick:
            group.speed = "dry_run=quick measures nothing"
        elif monotonic_s() > deadline:
            group.speed = f"the first rows took {MEASURING_S:.0f} s"
        else:
            group.speed = measured(group.plan)
    if groups:
        _print_table(groups)
    for label, job in together([job for job in jobs if job.state is not State.WAITING]):
        print(for_terminal(f"{label}: {job.state.value}: {job.note}", sys.stdout))
    print(for_terminal(_total(jobs, groups), sys.stdout))
    reasons = {group.speed for group in groups if isinstance(group.speed, str)}
    for reason in sorted(reasons):
        print(for_terminal(f"not measured: {reason}", sys.stdout))


def _groups(jobs: Sequence[Job]) -> list[_Group]:
    """The jobs that would run, by setup; each environment is built once for all that share it."""
    environments: dict[str, EnvPlan] = {}
    groups: dict[str, _Group] = {}
    for job in jobs:
        if job.settings is None or job.state is not State.WAITING:
            continue
        group = groups.setdefault(name_run(job.settings).setup, _Group())
        group.jobs.append(job)
        if group.plan is not None:
            continue
        key = job.settings.env.model_dump_json()
        try:
            group.plan = plan_run(job.settings, environments.get(key))
            environments[key] = group.plan.env
        except ConfigError as error:
            job.state, job.note = State.FAILED, str(error)
            group.jobs.remove(job)
    return [group for group in groups.values() if group.plan is not None]


def _print_table(groups: Sequence[_Group]) -> None:
    head = ("agent", "environment", "jobs", "cores", "steps/s", "time each", "evaluating",
            "core-hours", "memory", "")  # fmt: skip
    rows = [head, *(_row(group) for group in groups)]
    used = [column for column in range(len(head)) if any(row[column] for row in rows[1:])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    if sys.stdout.isatty():
        for name in LEFT_OUT_FIRST:
            wide = sum(widths[column] + 2 for column in used) - 2
            if wide > get_terminal_size().columns and head.index(name) in used:
                used.remove(head.index(name))
    for row in rows:
        cells = (
            row[column].ljust(widths[column])
            if column in (0, 1, len(head) - 1)
            else row[column].rjust(widths[column])
            for column in used
        )
        print("  ".join(cells).rstrip())


def _row(group: _Group) -> tuple[str, ...]:
    plan, most, speed, number = group.plan, group.cost, group.speed, len(group.jobs)
    assert plan is not None
    known = isinstance(speed, Speed) and most.wall_s and most.eval_s is not None
    return (
        plan.settings.agent.name,
        plan.env.facts.id,
        str(number),
        str(plan.cores),
        f"{speed.steps_per_s:,.0f}" if isinstance(speed, Speed) else "?",
        duration(most.wall_s) if most.wall_s is not None else "?",
        f"{most.eval_s / most.wall_s:.0%}" if known and most.eval_s and most.wall_s else "?",
        hours(most.core_hours * number) if most.core_hours is not None else "?",
        "?" if most.memory_mb is None else f"{max(most.memory_mb, 1):,.0f} MB",
        group.jobs[0].differs if _seedless(group.jobs[0].differs) else "",
    )


def _seedless(differs: str) -> bool:
    return bool(differs) and not differs.startswith("seed=")


def _total(jobs: Sequence[Job], groups: Sequence[_Group]) -> str:
    costs: Mapping[int, Cost] = {number: group.cost for number, group in enumerate(groups)}
    known = [(groups[n], most) for n, most in costs.items() if most.core_hours is not None]
    number = f"{len(jobs)} job" + ("" if len(jobs) == 1 else "s")
    parts = [f"{number}: {count(jobs)}"]
    if known:
        total = sum((most.core_hours or 0.0) * len(group.jobs) for group, most in known)
        wall_s = sum((most.wall_s or 0.0) * len(group.jobs) for group, most in known)
        sure = sum(len(group.jobs) for group, _ in known)
        unsure = sum(len(group.jobs) for group in groups) - sure
        what = f" for the {sure} that were measured" if unsure else ""
        parts.append(
            f"at most about {hours(total)} core-hours{what}, evaluation included; "
            f"{duration(wall_s)} one after another"
        )
        parts += [f"not known for {unsure}"] if unsure else []
    else:
        seconds = [g.plan.settings.budget.train_seconds for g in groups if g.plan is not None]
        if seconds and None not in seconds:
            total = sum(
                (s or 0.0) * len(g.jobs) * (g.plan.cores if g.plan else 1) / 3600
                for s, g in zip(seconds, groups, strict=True)
            )
            parts.append(f"at most {hours(total)} core-hours of training, evaluation not counted")
        elif groups:
            parts.append("core-hours not known")
    needs = [most.memory_mb for most in costs.values() if most.memory_mb is not None]
    if needs:
        parts.append(f"the largest needs {memory_words(max(needs))}")
    return "; ".join(parts)
