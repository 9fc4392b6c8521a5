"""The examination as data: claims.json and claims.csv."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rlbench.analysis.decision import decide
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.analysis.suite_ratios import MeanRatio
from rlbench.claims.evidence import Comparison, Evidence
from rlbench.claims.examine import Examination
from rlbench.claims.scores import EarlyScores, ShareAhead
from rlbench.claims.verdict import per_core_text, rival_text
from rlbench.published.papers import atari_record, humanoid_record, step_ratios
from rlbench.table import Value, csv_bytes

SCHEMA = 2  # 1 had "dqn" and "es" in place of "baseline" and "challenger", and no rival

_MEAN_COLUMNS = ("env", "unit", "ratio", "low", "high", "bound")
_RATIO_COLUMNS = (
    *_MEAN_COLUMNS,
    "n_baseline", "n_baseline_reached", "n_challenger", "n_challenger_reached",
)  # fmt: skip
_COLUMNS = (
    "claim", "rival", *_RATIO_COLUMNS, "winner", "counts", "left_out", "claimed_factor",
    "core_hour_factor", "outcome", "condition",
)  # fmt: skip


def claims_files(examination: Examination) -> dict[str, bytes]:
    """claims.json (everything) and claims.csv (one row for each ratio): file name to content."""
    text = json.dumps(as_json(examination), indent=1, allow_nan=False, ensure_ascii=False)
    return {
        "claims.json": (text + "\n").encode("utf-8", "replace"),
        "claims.csv": csv_bytes(
            _COLUMNS, ([row.get(name) for name in _COLUMNS] for row in _rows(examination))
        ),
    }


def as_json(examination: Examination) -> dict[str, Any]:
    """The examination as JSON values; a number that is unknown or infinite is null."""
    atari, humanoid = atari_record(), humanoid_record()
    return {
        "schema": SCHEMA,
        "claims": [
            {
                "key": examined.claim.key,
                "title": examined.claim.title,
                "statement": examined.claim.statement,
                "origin": examined.claim.origin,
                "claimed_factor": examined.claim.factor,
                "core_hour_factor": examined.claim.core_hour_factor,
                "reported": list(examined.claim.reported),
                "measured": _evidence(examined.evidence),
                "reinforcement_learning": rival_text(examined.claim, examined.evidence),
                "per_core": per_core_text(examined.claim, examined.evidence),
                "verdict": {
                    "outcome": examined.verdict.outcome,
                    "condition": examined.verdict.condition,
                    "reason": examined.verdict.reason,
                    "needs": list(examined.verdict.needs),
                    "power": asdict(examined.verdict.power) if examined.verdict.power else None,
                },
            }
            for examined in examination.claims
        ],
        "other": _evidence(examination.other),
        "published": {
            "atari": {
                "against_a3c": asdict(atari.against_a3c),
                "against_dqn": asdict(atari.against_dqn),
                "es_iqm": atari.es_iqm,
                "dqn_iqm": atari.dqn_iqm,
                "es_core_hours": atari.es.core_hours,
                "a3c_core_hours": atari.a3c.core_hours,
                "games": [asdict(game) for game in atari.games],
            },
            "humanoid": {
                "few": asdict(humanoid.few) | {"core_hours": humanoid.few.core_hours},
                "many": asdict(humanoid.many) | {"core_hours": humanoid.many.core_hours},
            },
            "es_over_trpo_steps": [asdict(ratio) for ratio in step_ratios()],
        },
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "environments": [_comparison(comparison) for comparison in evidence.comparisons],
        "rival": evidence.rival.agent,
        "observations": evidence.observations,
        "environments_run": evidence.environments,
        "share": _share(evidence.share),
        "pooled": {
            unit: _mean(mean, len(evidence.counted)) for unit, mean in evidence.means.items()
        },
        "rates": [asdict(speed) for speed in evidence.speeds],
        "cores": list(evidence.cores),
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "env": comparison.env,
        "baseline": comparison.baseline.label,
        "challenger": comparison.challenger.label,
        "winner": decide(comparison.ratios["train_s"]).winner,
        "counts": comparison.counts,
        "left_out": comparison.left_out,
        "observations": comparison.observations,
        "ratios": {unit: _ratio(ratio) for unit, ratio in comparison.ratios.items()},
        "early_scores": _scores(comparison.scores),
    }


def _scores(scores: EarlyScores | str) -> dict[str, Any] | None:
    if isinstance(scores, str):
        return None
    return {name: _json(value) for name, value in asdict(scores.returns).items()} | {
        "later_difference": _finite(scores.later.difference),
        "first_level": scores.first_level,
        "untrained_baseline_return": _finite(scores.untrained[0]),
        "untrained_challenger_return": _finite(scores.untrained[1]),
        "n_challenger_untrained": scores.n_untrained,
        "further": scores.further,
    }


def _share(share: ShareAhead | None) -> dict[str, Any] | None:
    """low, high: null where nothing was decided."""
    if share is None:
        return None
    low, high = share.interval if share.decided else (None, None)
    return asdict(share) | {"low": low, "high": high}


def _json(value: object) -> object:
    return _finite(value) if isinstance(value, float) else value


def _ratio(ratio: SpeedRatio) -> dict[str, Any]:
    numbers = ("ratio", "low", "high", "least", "most", "grid", "p")
    counts = (
        "n_baseline",
        "n_baseline_reached",
        "n_challenger",
        "n_challenger_reached",
        "bound",
        "reason",
        "level",
    )
    return {name: _finite(getattr(ratio, name)) for name in numbers} | {
        name: getattr(ratio, name) for name in counts
    }


def _mean(mean: MeanRatio | None, environments: int) -> dict[str, Any]:
    return {
        "environments": environments,
        "ratio": None if mean is None else _finite(mean.ratio),
        "low": None if mean is None else _finite(mean.low),
        "high": None if mean is None else _finite(mean.high),
        "bound": "" if mean is None else mean.bound,
        "winner": "none" if mean is None else decide(mean).winner,
    }


def _rows(examination: Examination) -> Iterator[dict[str, Value]]:
    for examined in examination.claims:
        of_claim: dict[str, Value] = {
            "claim": examined.claim.key,
            "claimed_factor": examined.claim.factor,
            "core_hour_factor": examined.claim.core_hour_factor,
            "outcome": examined.verdict.outcome,
            "condition": examined.verdict.condition,
        }
        yield of_claim  # a claim without a run has a row too
        yield from (of_claim | row for row in _evidence_rows(examined.evidence))
    other: dict[str, Value] = {"claim": "other"}
    yield from (other | row for row in _evidence_rows(examination.other))


def _evidence_rows(evidence: Evidence) -> Iterator[dict[str, Value]]:
    for comparison in evidence.comparisons:
        for ratio in comparison.ratios.values():
            yield _ratio_row(ratio, _RATIO_COLUMNS) | {
                "rival": comparison.rival.agent,
                "counts": comparison.counts,
                "left_out": comparison.left_out,
            }
    for mean in evidence.means.values():
        if mean is not None and mean.ratio is not None:
            yield _ratio_row(mean, _MEAN_COLUMNS) | {"rival": evidence.rival.agent}


def _ratio_row(ratio: SpeedRatio | MeanRatio, names: Sequence[str]) -> dict[str, Value]:
    row: dict[str, Value] = {name: getattr(ratio, name) for name in names}
    return row | {"winner": decide(ratio).winner}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
