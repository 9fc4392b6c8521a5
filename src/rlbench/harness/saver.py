"""Saving a run and going on from it: when, what, and which work is lost in between."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlbench.clock import wall_s
from rlbench.errors import RunError
from rlbench.harness.judge import Judge
from rlbench.harness.ledger import Ledger
from rlbench.interfaces import Agent, State
from rlbench.runs.checkpoint import Checkpoints, Saved
from rlbench.runs.columns import Clock
from rlbench.runs.directory import RunDir
from rlbench.runs.extent import Extent
from rlbench.runs.log import MAX_SEQ, RunLog
from rlbench.runs.reading import MAX_LOG_BYTES, whole
from rlbench.saving import Saving
from rlbench.settings import AUTO, Auto

FIRST_S = 3.0  # of training before the first checkpoint
LEAST_S = 5.0  # of training between two checkpoints
COSTS_APART = 100  # ... or so many times what the last one took, which is 1 % of the time


@dataclass(frozen=True)
class Point:
    """A moment that a run can go on from: its clock, and the last row of the log before it."""

    clock: Clock
    seq: int


class Saver(Saving):
    """Saves one run, as its agent or the loop around it asks for, and has it go on.

    every_s: seconds of training between two checkpoints; auto: from what they cost. most_bytes: of
    the agent's arrays. doing: told before it takes a while.
    """

    def __init__(
        self,
        directory: RunDir,
        log: RunLog,
        ledger: Ledger,
        every_s: Auto | float,
        most_bytes: int,
        doing: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._directory, self._log, self._ledger = directory, log, ledger
        self._checkpoints = Checkpoints(directory.checkpoint, most_bytes)
        self._every_s, self._doing = every_s, doing
        self._due_s = 0.0
        self._discarded: Point | None = None
        self._agent: Agent | None = None
        self._judge: Judge | None = None

    def connect(self, agent: Agent, judge: Judge) -> None:
        """What is saved."""
        self._agent, self._judge = agent, judge

    def started(self) -> None:
        """Training begins, or goes on."""
        first_s = FIRST_S if self._every_s == AUTO else float(self._every_s)
        self._due_s = self._ledger.train_s() + first_s

    # --- while the agent trains ---------------------------------------------------------------

    def due(self) -> bool:
        return self._ledger.train_s() >= self._due_s

    def save(self) -> None:
        self._save(Point(self._ledger.now(), self._log.seq))

    def mark(self) -> Point:
        return Point(self._ledger.now(), self._log.seq)

    def discard(self, mark: Point) -> None:
        self._discarded = mark

    def charge_discarded(self) -> None:
        """Training goes on: what was thrown away counts as training."""
        self._discarded = None

    # --- at its end ---------------------------------------------------------------------------

    def lose_discarded(self) -> None:
        """The run is interrupted: what the agent has thrown away is lost, and not charged."""
        if self._discarded is not None:
            self._ledger.go_back(self._discarded.clock)
            self._discarded = None

    def save_at_end(self) -> None:
        """The run ends here; with more to do later it goes on from the agent's state. What was
        thrown away at the end of the budget stays charged to the run as it is."""
        self._save(self._discarded or self.mark())

    @property
    def discarded(self) -> bool:
        """Whether the agent's state is older than the clock."""
        return self._discarded is not None

    # --- going on -----------------------------------------------------------------------------

    def restore(self) -> int | None:
        """Go on from a checkpoint, where there is one; the last row of the log that it knew. 0
        where an earlier attempt ended before it could save anything, None where there was none.

        Raises RunError where there is none that can be used.
        """
        found = self._newest_usable()
        if found is None:
            if self._log.attempt == 1:
                return None
            lost_steps = self._ledger.now().env_steps
            self._ledger.begin_again()
            if lost_steps:
                print(f"note: no checkpoint in {self._directory.checkpoint}: the run begins again, "
                      f"and its {lost_steps:,} steps are lost", file=sys.stderr)  # fmt: skip
            return 0
        number, state = found
        point = self._set(state)
        self._checkpoints.going_on_from = number
        self._ledger.go_back(point.clock)
        self._log.seq = max(self._log.seq, number)
        return point.seq

    def _newest_usable(self) -> tuple[int, State] | None:
        """The newest checkpoint that is whole and whose log is whole up to it, else the newest that
        is whole; None where there are none at all."""
        refused: list[str] = []
        whole_ones: list[tuple[int, State]] = []
        for number in self._checkpoints.numbers():
            try:
                state = self._checkpoints.load(number)
            except RunError as error:
                refused.append(str(error))
                continue
            whole_ones.append((number, state))
            if self._log.begins_with(_extent(state)):
                break
        if refused and not whole_ones:
            raise RunError(refused[0])
        for line in refused:
            print(f"note: {line.rpartition(';')[0]}; going on from the one before", file=sys.stderr)
        if not whole_ones:
            return None
        fits = self._log.begins_with(_extent(whole_ones[-1][1]))
        if not fits or len(whole_ones) > 1:
            where = "checkpoint before" if fits else "checkpoint"
            print(f"note: {self._directory.log} was changed, or lacks rows: the clock goes on from "
                  f"the {where}", file=sys.stderr)  # fmt: skip
        return whole_ones[-1] if fits else whole_ones[0]

    def _set(self, state: State) -> Point:
        assert self._agent is not None and self._judge is not None
        try:
            seq, clock = whole(state["seq"], 0, MAX_SEQ), Clock.from_row(state["clock"])
            if seq is None:
                raise ValueError("no row of the log has such a number")
            if clock is None or np.isnan(list(vars(clock).values())).any():
                raise ValueError("its clock cannot be used")
            self._agent.set_state(state["agent"])
            self._judge.set_state(state["judge"])
            _check_parameters(self._agent)
        except Exception as error:  # an agent may meet anything in a file that was changed
            raise RunError(
                f"{self._directory.checkpoint}: the agent cannot go on from it "
                f"({type(error).__name__}: {error}); overwrite=true starts again"
            ) from error
        return Point(clock, seq)

    def _save(self, point: Point) -> None:
        assert self._agent is not None and self._judge is not None
        with self._ledger.aside("checkpoint"):
            self._doing("saving")
            self._directory.check_place()
            began_s = wall_s()
            if self._judge.best_policy is not None:
                self._directory.write_policy(self._judge.best_policy, best=True)
                self._judge.best_policy = None
            self._log.sync()  # a checkpoint knows no row that could be lost
            state = {
                "agent": self._agent.get_state(),
                "judge": self._judge.get_state(),
                "seq": point.seq,
                "clock": point.clock.row(),
                "log": vars(self._log.extent),
            }
            # Numbered by a row to come, as `point` may be that of a checkpoint before.
            saved = self._checkpoints.save(self._log.seq + 1, state)
            cost_s = wall_s() - began_s
        self._log.saved(self._ledger.now(), saved.bytes)
        every_s = apart_s(cost_s, saved) if self._every_s == AUTO else self._every_s
        self._due_s = self._ledger.train_s() + every_s
        self._doing("training")


def apart_s(cost_s: float, saved: Saved) -> float:
    """Seconds of training after a checkpoint that took `cost_s`. Its rows are left out of account:
    however seldom they are written they cost the same, and the pause is longer."""
    return max(LEAST_S, COSTS_APART * cost_s * (1 - saved.row_bytes / saved.bytes))


def _extent(state: State) -> Extent:
    """How far the log went when `state` was saved; beyond all logs where it does not say."""
    said = state.get("log")
    values = [said.get(name) for name in ("length", "checksum")] if isinstance(said, dict) else []
    numbers = [whole(value, 0, 2**64) for value in values]
    if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
        return Extent(numbers[0], numbers[1])
    return Extent(MAX_LOG_BYTES + 1, 0)


def _check_parameters(agent: Agent) -> None:
    """Raises ValueError where an agent's policy has parameters that are no numbers."""
    for name, values in agent.policy().arrays().items():
        array = np.asarray(values)
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise ValueError(f"{name} of its policy has values that are no numbers")
