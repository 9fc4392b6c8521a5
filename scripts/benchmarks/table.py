"""Results on disk: one JSON file a benchmark, and a Markdown table of all that are there."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import MeasurementError, run
from benchmarks.model import Benchmark, Goal, Plan, Result
from benchmarks.peers import versions

PACKAGES = ("numpy", "scipy", "tensorflow", "keras", "gymnasium", "pandas", "matplotlib")


def machine_facts(peers: tuple[str, ...]) -> dict[str, Any]:
    """Where and with what a benchmark is about to run, the load it starts under included."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "peers": {peer: versions(peer) for peer in peers},
        "commit": _commit(),
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    try:
        commit = run(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        dirty = run(["git", "status", "--porcelain", "--", "src", "conf"]).stdout.strip()
    except (MeasurementError, FileNotFoundError):
        return None
    return f"{commit} with changes" if dirty else commit


def save(
    folder: Path, benchmark: Benchmark, result: Result, facts: dict[str, Any], plan: Plan
) -> None:
    """Write `<folder>/<name>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "name": benchmark.name,
        "title": benchmark.title,
        "quick": plan.quick,
        "machine": facts,
        "goals": [{**dataclasses.asdict(goal), "met": goal.met} for goal in result.goals],
        "samples": result.samples,
        "units": dict(result.units),
        "notes": list(result.notes),
    }
    (folder / f"{benchmark.name}.json").write_text(json.dumps(record, indent=1) + "\n")


def write_table(folder: Path, order: list[str]) -> Path:
    """Write `<folder>/table.md` from the records there, in `order`."""
    files = [folder / f"{name}.json" for name in order]
    records = [json.loads(file.read_text()) for file in files if file.exists()]
    lines = ["# Benchmarks", "", "Written by `scripts/bench`; figures are medians of rounds.", ""]
    if any(record["quick"] for record in records):
        lines += ["**A smoke run: the figures mean nothing.**", ""]
    lines += ["| goal | promised | measured | met |", "|---|---|---|---|"]
    for record in records:
        lines += [_goal_row(goal) for goal in record["goals"]]
    for record in records:
        lines += ["", f"## {record['title']}", ""]
        if record["samples"]:
            lines += ["| | median | lowest | highest | n |", "|---|---|---|---|---|"]
            lines += [
                _sample_row(name, values, record["units"].get(name, ""))
                for name, values in record["samples"].items()
            ]
            lines.append("")
        lines += [*record["notes"], ""] if record["notes"] else []
        lines.append(_machine_line(record["machine"]))
    path = folder / "table.md"
    path.write_text("\n".join(lines) + "\n")
    return path


def _goal_row(record: dict[str, Any]) -> str:
    goal = Goal(**{key: value for key, value in record.items() if key != "met"})
    promised = "" if goal.limit is None else f"{goal.sense} {figure(goal.limit, goal.unit)}"
    measured = goal.remark or "not measured"
    if goal.measured is not None:
        measured = figure(goal.measured, goal.unit)
    met = {True: "yes", False: "**no**", None: ""}[goal.met]
    return f"| {goal.text} | {promised} | {measured} | {met} |"


def _sample_row(name: str, values: list[float], unit: str) -> str:
    if not values:
        return f"| {name} | none | | | 0 |"
    shown = [figure(value, unit) for value in (median(values), min(values), max(values))]
    return f"| {name} | {' | '.join(shown)} | {len(values)} |"


def figure(value: float, unit: str) -> str:
    """A number with three significant digits or, where it is large, none after the point."""
    shown = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return shown + ("" if not unit else unit if unit in ("x", "%") else f" {unit}")


def _machine_line(facts: dict[str, Any]) -> str:
    packages = {**facts["packages"]}
    for versions_of_peer in facts["peers"].values():
        packages |= {k: v for k, v in versions_of_peer.items() if k not in packages}
    listed = ", ".join(f"{name} {number}" for name, number in packages.items())
    load = "/".join(f"{number:g}" for number in facts["load_average_before"])
    return (
        f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB, "
        f"{facts['system']}; load before {load}; commit {facts['commit'] or 'none'}; "
        f"Python {facts['python']}, {listed}."
    )
