"""The claims examined: each with what was published, what was measured here and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlbench.analysis.groups import EnvironmentGroups
from rlbench.claims.evidence import Evidence, collect_evidence
from rlbench.claims.statements import Claim, all_claims
from rlbench.claims.verdict import Verdict, reach_verdict


@dataclass(frozen=True)
class ExaminedClaim:
    """One claim with its evidence and verdict."""

    claim: Claim
    evidence: Evidence
    verdict: Verdict


@dataclass(frozen=True)
class Examination:
    """Both claims, and the same question on environments that neither speaks of."""

    claims: tuple[ExaminedClaim, ...]
    other: Evidence


def examine(environments: Sequence[EnvironmentGroups]) -> Examination:
    """Hold every claim against the runs.

    environments: all groups of runs; none where nothing was run.
    """
    examined = []
    for claim in all_claims():
        evidence = collect_evidence(environments, claim.family, claim)
        examined.append(ExaminedClaim(claim, evidence, reach_verdict(claim, evidence)))
    return Examination(tuple(examined), collect_evidence(environments, "other", None))
