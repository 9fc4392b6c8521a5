"""docs/scaling.md is what the committed runs and the measurement give."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaling_checks.document import document, fitted

pytest.importorskip("simpy", reason="rlbench[scale] is not installed")

ROOT = Path(__file__).parents[2]


def test_the_document_is_the_committed_one() -> None:
    assert document(ROOT / "results" / "scaling") == (ROOT / "docs" / "scaling.md").read_text()


def test_a_message_and_its_copies_are_told_apart() -> None:
    # 10 workers, 20 messages of 1 ms. Then 0.8 MB each at 80 MB/s: 10 ms; and 8 MB each, of which
    # the first takes 12.5 ms and the other seven 70 ms.
    rows = [
        {"workers": 10, "parameters": 0, "master_s": 0.02},
        {"workers": 10, "parameters": 200_000, "master_s": 0.02 + 0.1},
        {"workers": 10, "parameters": 2_000_000, "master_s": 0.02 + 0.825},
    ]
    assert fitted(rows) == (pytest.approx(1e-3), pytest.approx(80e6), pytest.approx(100e6))
