"""Which Atari game an environment is, and what random play and a human tester score in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlbench.published import number, table


@dataclass(frozen=True)
class ReferenceScores:
    """The two scores between which a human-normalised score is measured (no-op starts; Wang et al.
    2016, arXiv 1511.06581, table 2; measured without sticky actions)."""

    random: float
    human: float


def atari_game(env_id: str) -> str | None:
    """The game of an id such as `ALE/MontezumaRevenge-v5`, in small letters without separators;
    None for other environments."""
    found = re.fullmatch(r"ALE/(\w+)-v5", env_id)
    return None if found is None else found[1].lower()


def reference_scores(env_id: str) -> ReferenceScores | None:
    """The published scores of an Atari game; None where there are none, or for no game."""
    game = atari_game(env_id)
    for row in table("human_random"):
        if row["game"].replace("_", "") == game:
            random, human = number(row["random_noop"]), number(row["human_noop"])
            return None if random is None or human is None else ReferenceScores(random, human)
    return None
