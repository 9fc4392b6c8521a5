"""The examination as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rlbench.analysis.decision import decide
from rlbench.claims.evidence import Comparison, Evidence
from rlbench.claims.examine import Examination, ExaminedClaim
from rlbench.claims.verdict import EARLY_NOTE, early_lines, per_core_text, power_text, rival_text
from rlbench.runs.records import Unit
from rlbench.wording import UNIT_NAMES, factor, outcome_text, ratio_text, shortened

MAX_ROWS = 60

OTHER_TITLE = "The same question on other environments"
OTHER_NOTE = (
    "These are neither Atari games nor MuJoCo tasks. They can neither confirm nor refute the "
    "claims; they show what the same two agents did here."
)
_MEAN_NOTE = "its interval: of the mean over environments like these"
_SHOWN: tuple[Unit, ...] = ("train_s", "train_cpu_s", "env_steps")


def examination_lines(examination: Examination, width: int) -> Iterator[str]:
    """Verdicts first, then each claim in full, then the other environments."""
    yield from _wrapped(
        "Two claims about evolution strategies (ES), held against what was published and what "
        "was measured here.",
        width,
    )
    yield ""
    for number, examined in enumerate(examination.claims, 1):
        yield from _wrapped(
            f"{examined.verdict.stated.upper()}: {examined.claim.title}", width, f"{number}. "
        )
    for number, examined in enumerate(examination.claims, 1):
        yield ""
        yield from _claim_lines(number, examined, width)
    if examination.other.environments:
        yield ""
        yield from _heading(OTHER_TITLE)
        yield from _wrapped(OTHER_NOTE, width)
        yield from _evidence_lines(examination.other, width)


def verdict_lines(examination: Examination) -> Iterator[str]:
    """One line a claim, for the end of a summary."""
    yield "Popular claims (rlbench claims says more)"
    for examined in examination.claims:
        yield f"  {examined.claim.title}: {examined.verdict.stated}"


def _claim_lines(number: int, examined: ExaminedClaim, width: int) -> Iterator[str]:
    claim, verdict = examined.claim, examined.verdict
    yield from _heading(f"{number}. {claim.title}")
    yield from _wrapped(f"The claim: {claim.statement} ({factor(claim.factor)})", width)
    yield from _wrapped(f"Origin: {claim.origin}", width)
    yield "What was reported:"
    for line in claim.reported:
        yield from _wrapped(line, width, "  - ")
    yield "What was measured here:"
    if examined.evidence.comparisons:
        yield from _wrapped(rival_text(claim, examined.evidence), width, "  ")
        yield from _evidence_lines(examined.evidence, width)
        lines = list(early_lines(examined.evidence))
        if lines:
            yield from _wrapped(EARLY_NOTE, width, "  ")
        for line in lines:
            yield from _wrapped(line, width, "    ")
        note = per_core_text(claim, examined.evidence)
        if note:
            yield from _wrapped(note, width, "  ")
    else:
        yield "  nothing"
    yield from _wrapped(f"Verdict: {verdict.stated}. {verdict.reason}", width)
    if verdict.power is not None:
        yield from _wrapped(power_text(claim, verdict), width)
    if verdict.needs:
        yield "What it would take:"
        for line in verdict.needs:
            yield from _wrapped(line, width, "  - ")


def _evidence_lines(evidence: Evidence, width: int) -> Iterator[str]:
    if not evidence.comparisons:
        yield f"  {evidence.rival.name} and ES can be compared on none of them"
        return
    names = list(dict.fromkeys(comparison.rival.name for comparison in evidence.comparisons))
    yield from _wrapped(
        f"The cost of {' or '.join(names)} over that of ES until solved, in three currencies: "
        "above 1 ES was cheaper. "
        "95 % intervals over seeds in brackets.",
        width,
        "  ",
    )
    rows = [["", "solved", *(UNIT_NAMES[unit].short for unit in _SHOWN), ""]]
    rows += [_row(comparison) for comparison in evidence.comparisons[:MAX_ROWS]]
    if len(evidence.counted) > 1 and any(evidence.means.values()):
        means = [evidence.means[unit] for unit in _SHOWN]
        texts = ["none" if mean is None else ratio_text(mean) for mean in means]
        rows.append([f"geometric mean of {len(evidence.counted)}", "", *texts, _MEAN_NOTE])
    yield from _table(rows, width)
    hidden = len(evidence.comparisons) - MAX_ROWS
    if hidden > 0:
        yield f"  and {hidden} more"


def _row(comparison: Comparison) -> list[str]:
    head = comparison.ratios["train_s"]
    solved = (
        f"{comparison.rival.name} {head.n_baseline_reached}/{head.n_baseline} "
        f"ES {head.n_challenger_reached}/{head.n_challenger}"
    )
    ratios = [ratio_text(comparison.ratios[unit]) for unit in _SHOWN]
    counted = [f"not counted: {comparison.left_out}"] if comparison.left_out else []
    decision = decide(head)
    why = [decision.reason] if decision.reason else []
    remarks = [outcome_text(decision), *why, *counted]
    return [shortened(comparison.env, 28), solved, *ratios, "; ".join(remarks)]


def _table(rows: list[list[str]], width: int) -> Iterator[str]:
    """Columns side by side where they fit, else one line a value; the last cell of a row, a
    remark, has its own line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    fits = 2 + sum(widths) + 2 * (len(widths) - 1) <= width
    for row in rows:
        *cells, remark = row
        if fits:
            yield f"  {'  '.join(map(str.ljust, cells, widths))}".rstrip()
        elif row is not rows[0]:
            yield f"  {cells[0]}  {cells[1]}".rstrip()
            for unit, cell in zip(_SHOWN, cells[2:], strict=True):
                yield f"    {UNIT_NAMES[unit].short:<18} {cell}"
        if remark:
            yield from _wrapped(remark, width, "    ")


def _heading(text: str) -> Iterator[str]:
    yield text
    yield "-" * len(text)


def _wrapped(text: str, width: int, start: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=" " * (len(start) + 2 * (not start))
    )
