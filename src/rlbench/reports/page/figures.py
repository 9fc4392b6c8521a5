"""Figures of the page: pictures inside the file, each with a caption and words in its place.

A picture is an image of its own (a data URI), not part of the page: its identifiers cannot clash
with another's, and nothing in it can run.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlbench.analysis.environment import EnvironmentAnalysis
from rlbench.reports.answers import Answer
from rlbench.reports.page.model import Figure
from rlbench.wording import agent_name, amount, plural, significant

# What may not stand in a data URI, the per cent sign first. All else stays, so that the page is a
# quarter smaller than with base64.
_ESCAPED = "%#\"<>'`{}|\\^"
_WIDTH = re.compile(rb'<svg [^>]*?width="([\d.]+)pt"')
_HEIGHT = re.compile(rb'<svg [^>]*?height="([\d.]+)pt"')
_PATH = re.compile(r' d="[^"]*"')
_FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_INTERVAL = "Bands and brackets are 95 % bootstrap intervals over seeds; one seed has none."


@dataclass(frozen=True)
class EnvironmentFigure:
    """A figure that each environment may have, in the file `<stem><suffix>.svg`."""

    suffix: str
    title: str
    caption: str
    words: Callable[[EnvironmentAnalysis], str]  # the numbers in it, for who cannot see it


@dataclass(frozen=True)
class OverviewFigure:
    """A figure over all environments, in the file `<name>.svg`."""

    name: str
    title: str
    caption: str
    words: Callable[[Mapping[str, bytes], Sequence[Answer]], str]  # from the report's files


def _times(data: EnvironmentAnalysis) -> str:
    parts = []
    for time in data.times:
        if not time.is_threshold or time.unit != "train_s":
            continue
        part = f"{agent_name(time.group)}: {time.n_reached} of {plural(time.n_runs, 'seed')}"
        if time.n_reached and time.restricted_mean is not None:
            part += f", mean {amount(time.restricted_mean, 'train_s')}"
        if time.n_reached and time.median is not None:
            part += f", median {amount(time.median, 'train_s')}"
        parts.append(part)
    return "; ".join(parts) or "no level is timed"


def _last_returns(data: EnvironmentAnalysis) -> str:
    parts = []
    for curve in data.curves:
        if curve.unit != "train_s" or not len(curve.mean):
            continue
        text = f"{agent_name(curve.group)} goes from {significant(float(curve.mean[0]))} to "
        text += f"{significant(float(curve.mean[-1]))} in {amount(float(curve.x[-1]), 'train_s')}"
        if not math.isnan(float(curve.low[-1])):
            low, high = float(curve.low[-1]), float(curve.high[-1])
            text += f" (interval at the end {significant(low)} to {significant(high)})"
        parts.append(text)
    return "; ".join(parts) or "nothing was evaluated"


def _ratios(_: Mapping[str, bytes], answers: Sequence[Answer]) -> str:
    return "; ".join(
        f"{answer.env}{f', {answer.pair}' if answer.pair else ''}: {answer.ratio}"
        for answer in answers
        if answer.ratio
    )


def _aggregates(files: Mapping[str, bytes], _: Sequence[Answer]) -> str:
    rows = csv.DictReader(io.StringIO(files.get("aggregate.csv", b"").decode("utf-8", "replace")))
    parts = []
    for row in rows:
        suite = f"{row['suite']}, " if row["suite"] else ""
        interval = f" [{row['low'][:6]}, {row['high'][:6]}]" if row["low"] and row["high"] else ""
        name = row["statistic"].replace("iqm", "interquartile mean").replace("_", " ")
        parts.append(f"{suite}{agent_name(row['agent'])} {name} {row['value'][:6]}{interval}")
    return "; ".join(parts) or "no aggregate"


def _published(files: Mapping[str, bytes], key: str) -> Any:
    return json.loads(files["claims.json"])["published"][key]


def _games(files: Mapping[str, bytes], _: Sequence[Answer]) -> str:
    atari = _published(files, "atari")
    return "; ".join(
        f"ES against {rival}: better on {score['won']} games, worse on {score['lost']}, equal on "
        f"{score['tied']}"
        for rival, score in (("A3C", atari["against_a3c"]), ("DQN", atari["against_dqn"]))
    )


def _tasks(files: Mapping[str, bytes], _: Sequence[Answer]) -> str:
    ratios = _published(files, "es_over_trpo_steps")
    return "; ".join(
        f"{found['task']}: {significant(found['ratio'], 2)} times the steps of TRPO"
        for found in ratios
        if found["percent"] == 100
    )


ENVIRONMENT_FIGURES = (
    EnvironmentFigure(
        "-curves",
        "Return while learning",
        "Mean return of an evaluation against training seconds, environment steps and CPU-seconds. "
        "Higher is better, and further left is sooner. Faint lines are single seeds, bold ones "
        "their mean; dashed means carried forward after a run was solved. The long-dashed line is "
        f"the threshold, the dotted one acting at random. {_INTERVAL}",
        _last_returns,
    ),
    EnvironmentFigure(
        "-reached",
        "Share of seeds that had solved it",
        "Kaplan–Meier estimate of the share of seeds that had got to the level, against "
        "training time and environment steps. Higher is better, and further left is sooner. Bands "
        "are 95 % intervals; below stands how many seeds were still under way.",
        _times,
    ),
    EnvironmentFigure(
        "-time",
        "When each seed got there",
        "Training seconds at which each seed reached the level. Further left is better. An open "
        "triangle is a seed that never did: it counts as at least that long. Thin lines span the "
        f"evaluations between which it happened. {_INTERVAL}",
        _times,
    ),
)

OVERVIEW_FIGURES = (
    OverviewFigure(
        "speed-ratio",
        "Speed ratio on every environment",
        "DQN's restricted mean training time to the threshold over that of ES, on a logarithmic "
        "scale. Right of 1 ES was faster, left of 1 DQN was. Bars are 95 % bootstrap intervals "
        "over seeds, arrows are bounds where one agent never got there. The lines at 24 and 60 are "
        "the popular claims.",
        _ratios,
    ),
    OverviewFigure(
        "aggregate",
        "Both agents over all environments",
        "Above, normalised scores at the common horizon: 0 is acting at random, 1 the threshold. "
        "Below, the probabilities that a run of ES is better than one of DQN. Bars are 95 % "
        "bootstrap intervals; every environment weighs the same.",
        _aggregates,
    ),
    OverviewFigure(
        "aggregate-curves",
        "Score while learning, over all environments",
        "Interquartile mean of normalised scores against training time and environment steps. "
        "Higher is better, and further left is sooner. Bands are 95 % bootstrap intervals.",
        _aggregates,
    ),
    OverviewFigure(
        "profiles",
        "Performance profiles",
        "The share of runs, over all environments, whose normalised score is above the value on "
        "the horizontal axis. Higher is better. Bands are 95 % bootstrap intervals.",
        _aggregates,
    ),
)

CLAIM_FIGURES = (
    OverviewFigure(
        "published-atari",
        "What was published on Atari",
        "The published scores of ES, A3C and DQN on 51 games, human-normalised: not measured here. "
        "Further right is better.",
        _games,
    ),
    OverviewFigure(
        "published-mujoco",
        "What was published on MuJoCo",
        "How many environment steps the published ES needed over those of TRPO, to the same share "
        "of TRPO's final score: not measured here. Below 1 ES needed fewer.",
        _tasks,
    ),
)


def environment_figures(
    files: Mapping[str, bytes], data: EnvironmentAnalysis, stem: str
) -> Iterator[Figure]:
    """Those figures of one environment that were drawn.

    stem: what the names of its files begin with.
    """
    for spec in ENVIRONMENT_FIGURES:
        name = f"{stem}{spec.suffix}"
        if f"{name}.svg" in files:
            alt = f"{spec.title} on {data.env}. {spec.words(data)}."
            yield _figure(files, name, spec.title, alt, spec.caption)


def overview_figures(
    specs: Sequence[OverviewFigure], files: Mapping[str, bytes], answers: Sequence[Answer]
) -> Iterator[Figure]:
    """Those figures over all environments that were drawn."""
    for spec in specs:
        if f"{spec.name}.svg" in files:
            alt = f"{spec.title}. {spec.words(files, answers)}."
            yield _figure(files, spec.name, spec.title, alt, spec.caption)


def _figure(files: Mapping[str, bytes], name: str, title: str, alt: str, caption: str) -> Figure:
    svg = files[f"{name}.svg"]
    return Figure(
        title=title,
        source=data_uri(svg),
        width=_pixels(_WIDTH, svg),
        height=_pixels(_HEIGHT, svg),
        alt=alt,
        caption=caption,
        files=tuple(f"{name}{end}" for end in (".svg", ".png") if f"{name}{end}" in files),
    )


def _pixels(pattern: re.Pattern[bytes], svg: bytes) -> int:
    """A length of the picture in CSS pixels, from its points."""
    found = pattern.search(svg)
    return round(float(found[1]) * 4 / 3) if found else 0


def data_uri(svg: bytes) -> str:
    """The picture as an address, its paths to a hundredth of a point, its metadata left out."""
    text = _METADATA.sub("", svg.decode("utf-8", "replace"))
    text = text[text.index("<svg") :] if "<svg" in text else text
    text = _PATH.sub(lambda path: _FURTHER_DECIMALS.sub("", path[0]), text)
    text = _BLANKS.sub(" ", text).replace("> <", "><")
    for character in _ESCAPED:
        text = text.replace(character, f"%{ord(character):02X}")
    return f"data:image/svg+xml;charset=utf-8,{text}"
