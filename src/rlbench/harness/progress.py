"""Shows a run while it goes on: two live lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rlbench.clock import monotonic_s
from rlbench.envs.family import EvalSchedule
from rlbench.harness.progress_line import Status, doing_line, live_lines, log_line
from rlbench.harness.screen import live_console, written
from rlbench.harness.time_left import Evaluations, time_left_s
from rlbench.runs.columns import Clock
from rlbench.settings import BudgetSettings

if TYPE_CHECKING:
    from rich.live import Live

REFRESH_S = 0.5
SOON_S = 0.1  # what changes more often than this is not drawn each time
# Drawing in training is on the clock of training: at most this share of it.
LARGEST_SHARE = 0.0005
PLAIN_LINE_EVERY_S = 1.0


class Progress:
    """Shows one run. `label` is "es CartPole-v1 seed 0"; `threshold` None where there is none;
    `now` reads the clock of the run."""

    def __init__(
        self,
        label: str,
        threshold: float | None,
        budget: BudgetSettings,
        schedule: EvalSchedule,
        now: Callable[[], Clock],
    ) -> None:
        self._label, self._threshold = label, threshold
        self._budget, self._schedule, self._now = budget, schedule, now
        self._doing, self._solved = "starting", False
        self._return: float | None = None
        self._coming: Evaluations | None = None
        self._eval_s = now().eval_s  # at the end of the last evaluation
        self._shown_s, self._next_s = -PLAIN_LINE_EVERY_S, 0.0
        self._live: Live | None = None
        console = live_console()
        if console is not None:
            from rich.live import Live

            # Drawn from this thread only: another thread would take the agent's cores.
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
            self._draw()

    def starting(self, what: str) -> None:
        """Before something of the start-up that takes seconds, as "importing TensorFlow"."""
        self._doing = what
        if self._live is not None:
            self._draw()
        else:
            print(doing_line(self._label, what), flush=True)

    def doing(self, what: str) -> None:
        """Before "training", "saving" or the like."""
        changed, self._doing = what != self._doing, what
        if changed and self._live is not None and monotonic_s() - self._shown_s > SOON_S:
            self._draw()

    def playing(self, what: str, ended: int, episodes: int) -> None:
        """When so many of an evaluation's episodes have ended; `what` is "evaluating", say."""
        self.doing(f"{what} {ended}/{episodes}")

    def evaluated(
        self, clock: Clock, return_mean: float, *, due: int, solved: bool, note: str = ""
    ) -> None:
        """After each evaluation, which ended at `clock`; the next one is `due` at this step."""
        self._return, self._solved = return_mean, solved
        each_s = max(0.0, clock.eval_s - self._eval_s)
        self._coming = Evaluations(due, due - clock.env_steps, each_s)
        self._eval_s = self._now().eval_s
        if self._live is None and (note or monotonic_s() - self._shown_s > PLAIN_LINE_EVERY_S):
            print(log_line(self._status(clock)) + note, flush=True)
            self._shown_s = monotonic_s()

    def print_line(self, line: str) -> None:
        """A line that stays."""
        if self._live is None:
            print(line, flush=True)
        else:
            self._live.console.print(line, markup=False, highlight=False)

    def tick(self) -> None:
        """Called again and again in training: draws when it is time for it."""
        if self._live is not None and monotonic_s() >= self._next_s:
            began_s = monotonic_s()
            first, second = self._lines()
            # What `Live` would write, for a tenth of its time.
            file = self._live.console.file
            file.write(f"\x1b[A\r{first}\x1b[K\n{second}\x1b[K")
            file.flush()
            self._drawn(monotonic_s() - began_s)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _draw(self) -> None:
        assert self._live is not None
        from rich.text import Text

        text = Text.from_ansi("\n".join(self._lines()), no_wrap=True, overflow="crop")
        self._live.update(text, refresh=True)
        self._drawn(0.0)

    def _drawn(self, took_s: float) -> None:
        self._shown_s = monotonic_s()
        self._next_s = self._shown_s + max(REFRESH_S, took_s / LARGEST_SHARE)

    def _lines(self) -> list[str]:
        assert self._live is not None
        console = self._live.console
        lines = live_lines(self._status(self._now()), console.width)
        colours = console.color_system is not None and not console.no_color
        return [written(line, colours) for line in lines]

    def _status(self, clock: Clock) -> Status:
        left_s = time_left_s(clock, self._budget, self._schedule, self._coming)
        label, doing = self._label, self._doing
        return Status(label, doing, clock, self._threshold, self._solved, self._return, left_s)
