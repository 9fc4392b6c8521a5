"""What a command says of bad input, in the process of the test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rlbench.cli.main import main


def refusal(
    words: Sequence[str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The one line on standard error of `rlbench WORDS` in an empty folder; the exit status has to
    be 2, and nothing may be written."""
    monkeypatch.chdir(folder)
    capsys.readouterr()
    try:
        status = main(words)
    except SystemExit as ended:
        status = int(ended.code or 0)
    out, error = capsys.readouterr()
    assert (status, out, error.count("\n")) == (2, "", 1), out + error
    assert list(folder.iterdir()) == []
    return error
