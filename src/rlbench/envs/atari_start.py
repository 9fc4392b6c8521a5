"""Seeded resets of Gymnasium's Atari environment without loading the game again.

A seed decides nothing but the generator of the sticky actions, and loading a game takes 0.1 s, most
of it for a table of colours. So the state of a freshly loaded game is kept with the generator in
it, and a reset restores it with the generator that the seed would have made. The episodes are those
of Gymnasium's own resets, to the byte (tested).
"""

from __future__ import annotations

from typing import Any

MACHINE_AT, AFTER_MACHINE = 24, 8  # bytes of a serialized state
GENERATOR_WORDS, SEEDING_FACTOR = 624, 1_812_433_253  # of MT19937


def keep_start(env: Any) -> None:
    """Have an `ale_py.AtariEnv` that has just been made begin its episodes from a kept state.

    Two games of ale-py 0.12.1 draw from the generator while they are loaded (Berzerk, DoubleDunk);
    they, and any whose state has a form that is not known here, are loaded each time as before.
    """
    from ale_py import ALEState

    state, seed = env.ale.cloneState(include_rng=True).serialize(), env.ale.getInt("random_seed")
    try:
        kept = _Start(state, seed)
    except ValueError:
        return

    def load_game() -> None:
        env.ale.restoreState(ALEState(kept.with_seed(env.ale.getInt("random_seed"))))

    env.load_game = load_game  # `reset` calls it after it has set the seed


class _Start:
    """A serialized state of the emulator, whose generator can be exchanged.

    After 24 bytes of counters it holds the machine, behind its length, and then 8 bytes of the
    game's mode. In the machine is the generator as text, behind its length again.

    Raises ValueError where the state does not have this form.
    """

    def __init__(self, state: bytes, seed: int) -> None:
        text, machine = _generator(seed), MACHINE_AT + 4
        at = state.find(text)
        self._machine_size = _number(state, MACHINE_AT) - len(text)
        whole = machine + self._machine_size + len(text) + AFTER_MACHINE == len(state)
        if not whole or at < machine + 4 or _number(state, at - 4) != len(text):
            raise ValueError("ale-py: the emulator's state has another form than is known here")
        self._counters, self._before = state[:MACHINE_AT], state[machine : at - 4]
        self._after = state[at + len(text) :]

    def with_seed(self, seed: int) -> bytes:
        """The state with the generator that `seed` makes."""
        text = _generator(seed)
        size, length = self._machine_size + len(text), len(text)
        parts = (self._counters, _bytes(size), self._before, _bytes(length), text, self._after)
        return b"".join(parts)


def _number(state: bytes, at: int) -> int:
    return int.from_bytes(state[at : at + 4], "little")


def _bytes(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _generator(seed: int) -> bytes:
    """`std::mt19937` just seeded, as the C++ library writes it."""
    words = [seed % 2**32]
    for number in range(1, GENERATOR_WORDS):  # as any Mersenne Twister is seeded
        before = words[-1]
        words.append((SEEDING_FACTOR * (before ^ before >> 30) + number) % 2**32)
    return " ".join(map(str, [*words, GENERATOR_WORDS])).encode()
