"""Seeded resets of the Atari emulator without loading the game again.

A seed decides nothing but the generator of the sticky actions, and loading a game takes 0.1 s, most
of it for a table of colours. So the state of a freshly loaded game is kept with the generator in
it, and a reset restores it with the generator that the seed would have made. The episodes are those
of ale-py's own resets, to the byte (tested).
"""

from __future__ import annotations

from typing import Any

import numpy as np

MACHINE_AT, AFTER_MACHINE = 24, 8  # bytes of a serialized state
GENERATOR_WORDS, SEEDING_FACTOR = 624, 1_812_433_253  # of MT19937


def keep_start(env: Any) -> None:
    """Have an `ale_py.AtariEnv` that has just been made begin its episodes from a kept state.

    Games whose state cannot be kept are loaded each time as before.
    """
    try:
        start = KeptStart(env.ale)
    except ValueError:
        return
    ale = env.ale  # a function that held `env` would keep both alive to the end of the process
    # `reset` calls it after it has set the seed.
    env.load_game = lambda: start.restore(ale.getInt("random_seed"))


class KeptStart:
    """The state of an `ALEInterface` that has just loaded a game; its generator can be exchanged.

    After 24 bytes of counters a serialized state holds the machine, behind its length, and then 8
    bytes of the game's mode. In the machine is the generator as text, behind its length again.

    Raises ValueError where the state does not have this form, or the generator has been drawn from:
    two games of ale-py 0.12.1 do so while they are loaded (Berzerk, DoubleDunk).
    """

    def __init__(self, ale: Any) -> None:
        state = ale.cloneState(include_rng=True).serialize()
        text, machine = _as_text(seeded_words(ale.getInt("random_seed"))), MACHINE_AT + 4
        at = state.find(text)
        self._ale, self._machine_size = ale, _number(state, MACHINE_AT) - len(text)
        whole = machine + self._machine_size + len(text) + AFTER_MACHINE == len(state)
        if not whole or at < machine + 4 or _number(state, at - 4) != len(text):
            raise ValueError("ale-py: the emulator's state has another form than is known here")
        self._counters, self._before = state[:MACHINE_AT], state[machine : at - 4]
        self._after = state[at + len(text) :]

    def restore(self, seed: int) -> None:
        """As if the game were loaded with `seed`; `reset_game` is to follow, as it is then."""
        from ale_py import ALEState

        text = _as_text(seeded_words(seed))
        size, length = self._machine_size + len(text), len(text)
        parts = (self._counters, _bytes(size), self._before, _bytes(length), text, self._after)
        self._ale.restoreState(ALEState(b"".join(parts)))


def first_below(limit: int, seed: int) -> int:
    """The first draw from 0 to `limit` - 1 of a `std::mt19937` seeded with `seed`, as the
    `std::uniform_int_distribution` of GCC's library makes it since version 11 (Lemire 2019,
    arXiv 1805.10941)."""
    generator = np.random.MT19937()
    words = np.array(seeded_words(seed), np.uint32)
    generator.state = {
        "bit_generator": "MT19937",
        "state": {"key": words, "pos": GENERATOR_WORDS},
    }
    while True:
        product = int(generator.random_raw()) * limit
        if product % 2**32 >= 2**32 % limit:
            return product >> 32


def seeded_words(seed: int) -> list[int]:
    """The words of `std::mt19937` just seeded."""
    words = [seed % 2**32]
    for number in range(1, GENERATOR_WORDS):  # as any Mersenne Twister is seeded
        before = words[-1]
        words.append((SEEDING_FACTOR * (before ^ before >> 30) + number) % 2**32)
    return words


def _as_text(words: list[int]) -> bytes:
    """A generator just seeded, as the C++ library writes it."""
    return " ".join(map(str, [*words, GENERATOR_WORDS])).encode()


def _number(state: bytes, at: int) -> int:
    return int.from_bytes(state[at : at + 4], "little")


def _bytes(number: int) -> bytes:
    return number.to_bytes(4, "little")
