"""What a run shows while it goes on: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rlbench.clock import monotonic_s
from rlbench.runs.columns import Clock

if TYPE_CHECKING:
    from rich.live import Live

REFRESH_S = 0.5
PLAIN_LINE_EVERY_S = 1.0


class Progress:
    """Shows one run. `label` is "es CartPole-v1 seed 0"; `threshold` None where there is none;
    `budget` the training seconds and environment steps that end the run, each or None."""

    def __init__(
        self,
        label: str,
        threshold: float | None,
        train_seconds: float | None,
        env_steps: int | None,
    ) -> None:
        self._label, self._threshold = label, threshold
        self._train_seconds, self._env_steps = train_seconds, env_steps
        self._return: float | None = None
        self._shown_s = -PLAIN_LINE_EVERY_S
        self._live: Live | None = None
        if sys.stdout.isatty():
            from rich.live import Live

            # Drawn from this thread only: another thread would take the agent's cores.
            self._live = Live(auto_refresh=False, transient=True)
            self._live.start()

    def evaluated(self, clock: Clock, return_mean: float, note: str = "") -> None:
        """After each evaluation."""
        self._return = return_mean
        if self._live is not None:
            self.draw(clock)
        elif note or monotonic_s() - self._shown_s > PLAIN_LINE_EVERY_S:
            print(self._line(clock) + note, flush=True)
            self._shown_s = monotonic_s()

    def print_line(self, line: str) -> None:
        """A line that stays."""
        if self._live is None:
            print(line, flush=True)
        else:
            self._live.console.print(line, markup=False, highlight=False)

    def due(self) -> bool:
        """Whether the live line should be drawn again."""
        return self._live is not None and monotonic_s() - self._shown_s > REFRESH_S

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def draw(self, clock: Clock) -> None:
        """Draw the live line of a terminal."""
        assert self._live is not None
        from rich.text import Text

        self._live.update(Text(self._line(clock), no_wrap=True, overflow="ellipsis"), refresh=True)
        self._shown_s = monotonic_s()

    def _line(self, clock: Clock) -> str:
        speed = clock.env_steps / clock.train_s if clock.train_s > 0 else 0.0
        parts = [self._label, f"{clock.env_steps:,} steps", f"{clock.train_s:.1f} s training"]
        if self._return is not None:
            to_go = "" if self._threshold is None else f" (solved at {self._threshold:g})"
            parts.append(f"return {self._return:.1f}{to_go}")
        if speed:
            parts.append(f"{speed:,.0f} steps/s")
        if clock.eval_s > 0:
            parts.append(f"evaluation {clock.eval_s / clock.wall_s:.0%}")
        left = self._left_s(clock, speed)
        if left is not None:
            parts.append(f"at most {left:,.0f} s left")
        return " | ".join(parts)

    def _left_s(self, clock: Clock, speed: float) -> float | None:
        left = []
        if self._train_seconds is not None:
            left.append(self._train_seconds - clock.train_s)
        if self._env_steps is not None and speed:
            left.append((self._env_steps - clock.env_steps) / speed)
        return max(0.0, min(left)) if left else None
