"""Which colour, marker and dashes stand for whom: the same in every figure of a report.

Colours are those of Okabe & Ito (Color Universal Design, 2008), which the common kinds of colour
blindness keep apart; markers and dashes differ as well, so that a black-and-white print works.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rlbench.analysis.groups import REFERENCE_AGENT, Group

Dashes = tuple[float, tuple[float, ...]]

SOLID: Dashes = (0, ())
DASHED: Dashes = (0, (5, 2))

# As many colours as markers would repeat after so many looks; 6 and 5 repeat after 30.
_COLOURS = ("#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8c6d1f")
_MARKERS = ("^", "D", "v", "P", "X")
_DASHES: tuple[Dashes, ...] = ((0, (1, 1)), (0, (6, 1, 1, 1)), SOLID, DASHED)


@dataclass(frozen=True)
class Look:
    """What marks one group of runs."""

    colour: str
    marker: str
    dashes: Dashes


ES = Look("#0072B2", "o", SOLID)
DQN = Look("#D55E00", "s", DASHED)
KNOWN = {"es": ES, "dqn": DQN, REFERENCE_AGENT: Look("#5f5f5f", "x", (0, (1, 2)))}


class Looks:
    """The looks of all groups of a report.

    An agent looks the same on every environment, and so does its second variant, its third and so
    on. ES and DQN look the same in every report.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        labels: dict[tuple[str, str], list[str]] = {}  # by environment and agent
        for group in groups:
            labels.setdefault((group.env, group.agent), []).append(group.label)
        # The first variant of every agent comes before the second of any.
        ranked = sorted(
            {(rank, agent) for (_, agent), own in labels.items() for rank in range(len(own))}
        )
        further = _further_looks()
        looks = {
            (rank, agent): KNOWN[agent] if rank == 0 and agent in KNOWN else next(further)
            for rank, agent in ranked
        }
        self._by_env: dict[str, dict[str, Look]] = {}
        self._anywhere = {agent: look for (rank, agent), look in looks.items() if rank == 0}
        for (env, agent), own in labels.items():
            for rank, label in enumerate(own):
                self._by_env.setdefault(env, {})[label] = looks[rank, agent]
                self._anywhere.setdefault(label, looks[rank, agent])

    def on(self, env: str) -> Mapping[str, Look]:
        """The looks on one environment, by the labels of its groups."""
        return self._by_env[env]

    def over_environments(self, label: str) -> Look:
        """The look of an agent, or of a group's label, where environments are put together."""
        return self._anywhere[label]


def _further_looks() -> Iterator[Look]:
    for index in itertools.count():
        yield Look(
            _COLOURS[index % len(_COLOURS)],
            _MARKERS[index % len(_MARKERS)],
            _DASHES[index % len(_DASHES)],
        )
