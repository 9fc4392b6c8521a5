"""The claims examined: each with what was published, what was measured here and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlbench.analysis.groups import EnvironmentGroups
from rlbench.analysis.speed_ratios import SpeedRatio
from rlbench.claims.evidence import Evidence, gather
from rlbench.claims.statements import Claim, all_claims
from rlbench.claims.verdict import Verdict, decide


@dataclass(frozen=True)
class Examined:
    """One claim with its evidence and verdict."""

    claim: Claim
    evidence: Evidence
    verdict: Verdict


@dataclass(frozen=True)
class Examination:
    """Both claims, and the same question on environments that neither speaks of."""

    claims: tuple[Examined, ...]
    other: Evidence


def examine(environments: Sequence[EnvironmentGroups], ratios: Sequence[SpeedRatio]) -> Examination:
    """Hold every claim against the runs.

    Args:
        environments: all groups of runs; none where nothing was run.
        ratios: every speed ratio of every environment.
    """
    examined = []
    for claim in all_claims():
        evidence = gather(environments, ratios, claim.family, claim)
        examined.append(Examined(claim, evidence, decide(claim, evidence)))
    return Examination(tuple(examined), gather(environments, ratios, "other", None))
