"""Policies that play side by side, at the speed that their environments are meant to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rlbench.films.episodes import Shot, Theatre
from rlbench.films.frames import Tile, frame
from rlbench.films.saliency import Gaze
from rlbench.interfaces import Array, Policy
from rlbench.playing.model import Model

MOST_FRAMES_PER_S = 60.0
HELD_S = 1.0  # how long the last picture stays


@dataclass(frozen=True)
class Part:
    """What is shown in one place: some episodes of a policy. title, trained: the words above it.
    gaze: shown beside the game, unless it is None."""

    theatre: Theatre
    policy: Policy | Model
    episodes: Sequence[int]
    title: str
    trained: str
    gaze: Gaze | None = None


class _Place:
    """Where a part plays; `shot` is what is to be seen now."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._shots = self._all()
        self._index = 0
        self.shot = next(self._shots)
        self.is_over = False

    def go_on(self, count: int, per_s: float) -> None:
        """Play up to frame `count` of a film with so many a second."""
        steps = steps_by(count, per_s, self._part.theatre.per_s)
        while not self.is_over and self._index < steps:
            following = next(self._shots, None)
            if following is None:
                self.is_over = True
                return
            self.shot, self._index = following, self._index + 1

    def tile(self) -> Tile:
        shot, part = self.shot, self._part
        several = f"episode {shot.episode + 1}" if len(part.episodes) > 1 else ""
        step = shot.step
        words = [part.trained, several, f"return {step.returned:,.0f}", f"step {step.steps}"]
        line = "   ".join(word for word in words if word)
        return Tile(shot.picture, part.title, line, step.is_over)

    def _all(self) -> Iterator[Shot]:
        gaze = self._part.gaze
        for episode in self._part.episodes:
            for shot in self._part.theatre.play(self._part.policy, episode):
                yield shot if gaze is None else replace(shot, picture=gaze.beside(shot))


def steps_by(count: int, film_per_s: float, steps_per_s: float) -> int:
    """How many steps are over by frame `count` of a film."""
    return int(count * steps_per_s / film_per_s + 1e-6)  # a whole number may come out a little less


def frames_per_s(parts: Sequence[Part]) -> float:
    """Of a film of these parts: as many as the fastest of them has, within reason."""
    return min(max(part.theatre.per_s for part in parts), MOST_FRAMES_PER_S)


def frames(
    parts: Sequence[Part], per_s: float, longest_s: float, heading: str = ""
) -> Iterator[Array]:
    """The frames of the parts side by side, until all are over or `longest_s` have passed; a part
    that is over stays as it is. per_s: frames a second."""
    places = [_Place(part) for part in parts]
    count, held = 0, 0
    while count < longest_s * per_s and held <= HELD_S * per_s:
        for place in places:
            place.go_on(count, per_s)
        yield frame([place.tile() for place in places], heading)
        held = held + 1 if all(place.is_over for place in places) else 0
        count += 1
