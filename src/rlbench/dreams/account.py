"""What came of dreaming, in numbers: a table for the terminal, and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rlbench.dreams.pictures import unit_name
from rlbench.dreams.run_dreams import RunDreams
from rlbench.dreams.structure import Estimate, mean_of, ratio_of
from rlbench.dreams.study import LayerDreams

MEASURES = ("likeness", "focus", "gain", "selectivity")
JUDGES = "likeness"
VERDICTS = {
    "more": "The game is more in trained dreams than in untrained ones",
    "less": "The game is less in trained dreams than in untrained ones",
    "no difference": "No difference that chance would not explain",
    "too few": "Too few dreams to tell trained from untrained",
}


@dataclass(frozen=True)
class Comparison:
    """A measure of a layer's dreams, trained and untrained. ratio: of the two means."""

    layer: str
    measure: str
    trained: Estimate
    untrained: Estimate
    ratio: Estimate

    @property
    def verdict(self) -> str:
        """`more` or `less` where the interval of the ratio leaves out 1, else `no difference`;
        `too few` where there is no interval."""
        low, high = self.ratio.low, self.ratio.high
        if low is None or high is None:
            return "too few"
        return "more" if low > 1 else "less" if high < 1 else "no difference"


def comparisons(dreams: RunDreams) -> list[Comparison]:
    """Each measure of each layer."""
    found = []
    for one, other in zip(dreams.dreamt.trained, dreams.dreamt.untrained, strict=True):
        for measure in MEASURES:
            above, below = getattr(one, measure), getattr(other, measure)
            ratio = ratio_of(above, below)
            found.append(Comparison(one.layer.name, measure, mean_of(above), mean_of(below), ratio))
    return found


def lines(dreams: RunDreams) -> Iterator[str]:
    """What the terminal shows of a run."""
    yield dreams.dreamt.title
    yield f"  begins with {dreams.begins}; untrained: {dreams.untrained_words}"
    yield f"  {'layer':9}{'dreams':8}{'likeness':23}{'untrained':23}ratio"
    verdicts: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    units = {layer.layer.name: len(layer.units) for layer in dreams.dreamt.trained}
    for one in comparisons(dreams):
        if one.measure != JUDGES:
            continue
        trained, untrained, ratio = map(_words, (one.trained, one.untrained, one.ratio))
        count = units[one.layer]
        yield f"  {one.layer:9}{count:<8}{trained:23}{untrained:23}{ratio}"
        verdicts[one.verdict].append(one.layer)
    for verdict, layers in verdicts.items():
        if layers:
            yield f"  {VERDICTS[verdict]}: {', '.join(layers)}."


def _words(estimate: Estimate) -> str:
    if not np.isfinite(estimate.value):
        return "none began"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def as_json(runs: Sequence[RunDreams]) -> dict[str, Any]:
    """All numbers, and how they came about."""
    return {"schema": 1, "runs": [_run(run) for run in runs]}


def _run(run: RunDreams) -> dict[str, Any]:
    names = run.dreamt.names
    compared = comparisons(run)
    return {
        "run": run.dreamt.title,
        "begins": run.begins,
        "untrained": run.untrained_words,
        "asked": asdict(run.asked),
        "patch_px": run.patch_px,
        "channels": list(names.channels),
        "layers": [
            {
                "layer": one.layer.name,
                "units_in_all": one.layer.units,
                "units": [unit_name(one.layer.name, int(unit), names) for unit in one.units],
                "trained": _values(one),
                "untrained": _values(other),
                "compared": {
                    each.measure: {
                        "trained": asdict(each.trained),
                        "untrained": asdict(each.untrained),
                        "ratio": asdict(each.ratio),
                        "verdict": each.verdict,
                    }
                    for each in compared
                    if each.layer == one.layer.name
                },
            }
            for one, other in zip(run.dreamt.trained, run.dreamt.untrained, strict=True)
        ],
    }


def _values(dreams: LayerDreams) -> dict[str, list[float]]:
    return {measure: getattr(dreams, measure).round(4).tolist() for measure in MEASURES}
