"""What a run has come to, as scalars: the metrics of TensorBoard's HParams plugin."""

from __future__ import annotations

from rlbench.runs.log import Row
from rlbench.tensorboard.events import Scalar
from rlbench.tensorboard.hparams import Status

_SOLVED, _BEST, _FINAL = "outcome/solved_train_s", "outcome/best_return", "outcome/final_return"
_STEPS, _SECONDS = "outcome/env_steps", "outcome/train_s"
METRICS = (
    (_SOLVED, "solved (train_s)"),
    (_BEST, "best return"),
    (_FINAL, "final return"),
    (_STEPS, "env_steps"),
    (_SECONDS, "train_s"),
)
_STATUS = {"solved": Status.SUCCESS, "budget": Status.SUCCESS, "failed": Status.FAILURE}


class Outcome:
    """Follows the rows that count. threshold: whose confirmation means solved."""

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._best: float | None = None
        self._solved = self._ended = False
        self.status: Status | None = None  # None before the end, and for an interrupted run

    @property
    def ended(self) -> bool:
        """Whether the latest attempt is over."""
        return self._ended

    def of(self, row: Row) -> list[Scalar]:
        """The scalars after one row: after evaluations, when it was solved, and at the end."""
        self._ended = row.kind == "end"
        self.status = _STATUS.get(row.status or "") if self._ended else None
        if row.kind == "solved":
            return self._confirmed(row)
        if row.kind not in ("eval", "end"):
            return []
        found = list[Scalar]()
        if row.return_mean is not None:
            best = row.return_mean if self._best is None else max(self._best, row.return_mean)
            self._best = best
            found = [(_BEST, best), (_FINAL, row.return_mean)]
        return [*found, (_STEPS, row.clock.env_steps), (_SECONDS, row.clock.train_s)]

    def _confirmed(self, row: Row) -> list[Scalar]:
        if self._solved or not row.confirmed or row.threshold != self._threshold:
            return []
        self._solved = True
        return [(_SOLVED, row.clock.train_s)]
