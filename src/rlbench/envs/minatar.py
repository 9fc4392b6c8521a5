"""MinAtar (Young & Tian 2019, arXiv 1903.03176): five small games on boards of 10 x 10 squares.

An observation is [channels, 10, 10] uint8. A channel shows where things of one kind are: 255 where
there is one, else 0. Networks scale bytes to [0, 1], so they get the paper's zeros and ones.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Box

from rlbench.envs.family import Names
from rlbench.envs.single import GymnasiumFamily, SingleEnvs
from rlbench.errors import ConfigError
from rlbench.interfaces import Array
from rlbench.settings import EnvSettings, resolve

STICKY_ACTIONS = 0.1  # the paper's, and its package's default
RAMPING = "difficulty_ramping"
SQUARE_PIXELS = 32  # of a side, in pictures
LETTERS = {"n": "NOOP", "l": "LEFT", "u": "UP", "r": "RIGHT", "d": "DOWN", "f": "FIRE"}


class MinAtarGame(gym.Wrapper[Array, Any, Array, Any]):
    """A game that shows its board as bytes, and whose episodes depend on their seed alone."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        rows, columns, channels = env.observation_space.shape or ()
        self.observation_space = Box(0, 255, (channels, rows, columns), np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        # The package keeps it, so that an episode could begin with the last action of another one.
        game: Any = self.unwrapped
        game.game.last_action = 0
        board, info = self.env.reset(seed=seed, options=options)
        return _bytes(board), info

    def step(self, action: Any) -> tuple[Array, Any, bool, bool, dict[str, Any]]:
        board, reward, terminated, truncated, info = self.env.step(action)
        return _bytes(board), reward, terminated, truncated, info

    def render(self) -> Any:
        """The package's picture of the board, whose squares are single numbers in [0, 1] there."""
        picture = self.env.render()
        if not isinstance(picture, np.ndarray):
            return picture
        colours = np.round(picture * 255).astype(np.uint8)
        return colours.repeat(SQUARE_PIXELS, axis=0).repeat(SQUARE_PIXELS, axis=1)


class MinAtarFamily(GymnasiumFamily):
    """MinAtar/<Game>-v0 with all six actions, -v1 with those that the game uses."""

    wrapper = MinAtarGame
    images = True
    sticky_kwarg = "sticky_action_prob"

    def __init__(self, spec: EnvSpec, settings: EnvSettings) -> None:
        for name, value in settings.kwargs.items():
            key = f"env.kwargs.{name}"
            if name == self.sticky_kwarg:
                raise ConfigError(key, value, "nothing here; env.sticky_actions sets it")
            if name != RAMPING:
                raise ConfigError(key, value, f"nothing: these games take {RAMPING} only")
            if not isinstance(value, bool):
                raise ConfigError(key, value, "true or false")
        super().__init__(spec, settings)

    def names(self) -> Names:
        """The package's own, its letters for actions as ALE's words."""
        made: Any = self.single().make(self.max_episode_steps()).unwrapped
        game = made.game.env
        letters = [game.action_map[action] for action in made.action_set]
        channels = sorted(game.channels, key=game.channels.__getitem__)
        return Names(tuple(LETTERS[letter] for letter in letters), tuple(channels))

    def builder(self, single: SingleEnvs) -> SingleEnvs:
        """The games themselves, unprobed: a seed and a reset set all of their state (tested)."""
        return single

    def conditions(self) -> dict[str, Any]:
        """What the settings amount to, however they were asked for."""
        kept = {"id": self.settings.id, "max_episode_steps": self.max_episode_steps()}
        return kept | {"preprocessing": self.preprocessing()}

    def preprocessing(self) -> dict[str, Any]:
        return {
            "sticky_actions": resolve(self.settings.sticky_actions, STICKY_ACTIONS),
            RAMPING: self.settings.kwargs.get(RAMPING, True),
        }


def _bytes(board: Array) -> Array:
    """[channels, rows, columns] uint8 of a board [rows, columns, channels] of truth values."""
    shown: Array = np.moveaxis(board, -1, 0) * np.uint8(255)
    return shown
