"""The forms of a run's files: which there are, and how an older one differs from today's.

2: what an agent reports stands under `scalars` in `train` rows; run.json says `levels` and has the
agent's version. 1 (rlbench before 0.3): an agent's scalars stood among the columns of the harness,
where they could overwrite them; run.json said `thresholds`, and had a `random_return` that was
always null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 2


def levels_in(header: Mapping[str, Any]) -> object:
    """The timed levels of run.json, in either form."""
    return header.get("levels", header.get("thresholds"))


def scalars_in(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the agent reported in a `train` row, in either form.

    columns: those of the row that only some kinds of rows have.
    """
    scalars = columns.get("scalars")
    return scalars if isinstance(scalars, Mapping) else columns
