"""Two runs side by side at the same second of training: what each could do by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlbench.films.episodes import Theatre
from rlbench.films.scene import Part, frames
from rlbench.interfaces import Array
from rlbench.playing.snapshots import Snapshot

MARKS = tuple(step * 10.0**power for power in range(-1, 7) for step in (1, 2, 5))


@dataclass(frozen=True)
class Runner:
    """A run in a race: its snapshots in the order of training, where its policies play, and what
    stands above them. end_s: when its training ended."""

    name: str
    theatre: Theatre
    snapshots: Sequence[Snapshot]
    end_s: float

    def at(self, train_s: float) -> Snapshot:
        """The newest snapshot at a time; the first one before that."""
        by_then = [one for one in self.snapshots if one.train_s <= train_s]
        return by_then[-1] if by_then else self.snapshots[0]

    def part(self, train_s: float) -> Part:
        """What it shows at a time."""
        ended = f"  ended at {self.end_s:,.1f} s" if self.end_s <= train_s else ""
        snapshot = self.at(train_s)
        return Part(
            self.theatre, snapshot.policy(), [0], f"{self.name}{ended}",
            f"policy of {snapshot.train_s:,.1f} s",
        )  # fmt: skip


def stops(runners: Sequence[Runner], marks: Sequence[float] = MARKS) -> list[float]:
    """The marks at which some runner has another snapshot than at the one before, up to the end of
    all."""
    found: list[float] = []
    for mark in marks:
        before = found[-1] if found else None
        if before is None or any(one.at(mark) != one.at(before) for one in runners):
            found.append(mark)
    return found


def race(
    runners: Sequence[Runner], times: Sequence[float], per_s: float, each_s: float
) -> Iterator[Array]:
    """The frames of a race: at each of the times up to `each_s` seconds of what each can do."""
    for train_s in times:
        parts = [runner.part(train_s) for runner in runners]
        yield from frames(parts, per_s, each_s, f"after {train_s:g} s of training")
