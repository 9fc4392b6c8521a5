"""One Atari game from pixels, in two ways that give the same bytes (tested).

`NativeGame` is ale-py's native environment of one game: it has its thread, so that games
play side by side, but it loads the game again at a seeded reset, which takes 0.1 s. `KeptGame`
works on the emulator itself and begins from a kept state, in 5 ms. The emulator's Python interface
holds Python's lock while it plays a frame, so that such games play one after another.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rlbench.envs.atari_frames import area_resize
from rlbench.envs.atari_start import KeptStart, first_below
from rlbench.interfaces import Array

STACKED_FRAMES = 4
FRAME_SIZE = 84
OBSERVATION_SHAPE = (STACKED_FRAMES, FRAME_SIZE, FRAME_SIZE)
# Where a kept game is known to give the bytes of a native one. Another processor's compiler may
# fuse multiplications with additions, another library draws other numbers of no-ops, another
# version of ale-py may do anything else.
KEPT_WITH = ("0.12.1", "Linux", "x86_64")


@dataclass(frozen=True)
class AtariConditions:
    """All that shapes an episode of `game` (the ROM's name) beside its cap.

    sticky_actions: the chance, drawn at each emulator frame, that the previous action is repeated
    in place of the one asked for. noop_max: an episode begins with 0 to `noop_max` - 1 frames
    without input, drawn from the reset seed. Nothing is pressed beside that: no fire at a reset.
    """

    game: str
    frame_skip: int
    sticky_actions: float
    noop_max: int
    full_action_space: bool

    @property
    def max_over_frames(self) -> int:
        return min(2, self.frame_skip)

    def record(self) -> dict[str, Any]:
        """The conditions in full, as run.json and the fingerprint hold them."""
        return {
            "frame_skip": self.frame_skip,
            "sticky_actions": self.sticky_actions,
            "noop_max": self.noop_max,
            "fire_at_reset": False,
            "full_action_space": self.full_action_space,
            "max_over_frames": self.max_over_frames,
            "stacked_frames": STACKED_FRAMES,
            "frame_size": FRAME_SIZE,
            "grey": True,
            "life_loss_ends_evaluation": False,
            "rewards_clipped_in_evaluation": False,
        }


class Game(Protocol):
    """actions: how many it has."""

    actions: int

    def reset(self, seed: int) -> tuple[Array, int]:
        """The first observation [4, 84, 84] uint8 and the number of lives."""
        ...

    def send(self, action: int) -> None:
        """Begin a step; `receive` ends it."""
        ...

    def receive(self) -> tuple[Array, float, bool, int]:
        """An observation, good until the next step, the reward, whether the game is over, and the
        number of lives."""
        ...

    def picture(self) -> Array:
        """What is on the screen now, [height, width, 3] uint8."""
        ...


def make_game(conditions: AtariConditions, max_episode_steps: int, alone: bool) -> Game:
    """alone: no other game is to play at the same time."""
    if alone:
        try:
            return KeptGame(conditions)
        except ValueError:
            pass  # a native one takes longer to reset, and that is all
    return NativeGame(conditions, max_episode_steps)


def action_names(conditions: AtariConditions) -> tuple[str, ...]:
    """ALE's names of the game's actions, as `RIGHTFIRE`, in their order."""
    return tuple(action.name for action in _actions(_loaded(conditions), conditions))


def quieten() -> None:
    """Let the emulator say errors alone: it greets once for each game that it loads."""
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)


def _loaded(conditions: AtariConditions) -> Any:
    """An emulator that has just loaded the game."""
    import ale_py

    quieten()
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", conditions.sticky_actions)
    ale.setInt("random_seed", 0)
    ale.loadROM(str(ale_py.roms.get_rom_path(conditions.game)))
    return ale


def _actions(ale: Any, conditions: AtariConditions) -> list[Any]:
    full = conditions.full_action_space
    legal: list[Any] = ale.getLegalActionSet() if full else ale.getMinimalActionSet()
    return legal


class NativeGame:
    """A native environment."""

    def __init__(self, conditions: AtariConditions, max_episode_steps: int) -> None:
        self._env = native_env(conditions, max_episode_steps)
        self.actions = int(self._env.single_action_space.n)
        self._shown = np.zeros(OBSERVATION_SHAPE, np.uint8)

    def reset(self, seed: int) -> tuple[Array, int]:
        shown, info = self._env.reset(seed=np.array([seed]))
        self._shown = shown[0]
        return shown[0], int(info["lives"][0])

    def send(self, action: int) -> None:
        self._env.send(np.array([action]))

    def receive(self) -> tuple[Array, float, bool, int]:
        shown, reward, terminated, _, info = self._env.recv()
        self._shown = shown[0]
        return shown[0], float(reward[0]), bool(terminated[0]), int(info["lives"][0])

    def picture(self) -> Array:
        """The newest frame that an agent sees: there is no other way to the screen."""
        return np.repeat(self._shown[-1][..., None], 3, axis=-1)


def native_env(conditions: AtariConditions, max_episode_steps: int) -> Any:
    """ale-py's native environment. Every argument is named: its own defaults clip rewards and press
    fire. It would truncate an episode a decision after the lanes do: the frame that it shows where
    it truncates is an older one, and an agent may learn from that one."""
    from ale_py.vector_env import AtariVectorEnv  # 0.1 s, and only where a game is played

    return AtariVectorEnv(
        conditions.game,
        1,
        num_threads=1,
        max_num_frames_per_episode=(max_episode_steps + 1) * conditions.frame_skip,
        repeat_action_probability=conditions.sticky_actions,
        full_action_space=conditions.full_action_space,
        continuous=False,
        autoreset_mode="NextStep",  # lanes reset themselves before it could
        img_height=FRAME_SIZE,
        img_width=FRAME_SIZE,
        grayscale=True,
        stack_num=STACKED_FRAMES,
        frameskip=conditions.frame_skip,
        maxpool=conditions.max_over_frames == 2,
        noop_max=conditions.noop_max,
        episodic_life=False,
        life_loss_info=False,
        reward_clipping=False,
        use_fire_reset=False,
    )


class KeptGame:
    """The emulator, and what ale-py's native environment does with its frames.

    Raises ValueError where the state of the loaded game cannot be kept (see `KeptStart`), or where
    the bytes are not known to be those of a native game.
    """

    def __init__(self, conditions: AtariConditions) -> None:
        import ale_py

        if (ale_py.__version__, platform.system(), platform.machine()) != KEPT_WITH:
            raise ValueError("ale-py: not known to give the frames of a native game here")
        self._ale = ale = _loaded(conditions)
        self._start = KeptStart(ale)
        legal = _actions(ale, conditions)
        self._codes, self.actions = [action.value for action in legal], len(legal)
        self._frame_skip, self._noop_max = conditions.frame_skip, conditions.noop_max
        height, width = ale.getScreenDims()
        self._resize = area_resize(height, width, FRAME_SIZE)
        self._frames = np.zeros((2, height, width), np.uint8)  # the last one first
        self._stack = np.zeros(OBSERVATION_SHAPE, np.uint8)
        self._code = self._codes[0]

    def reset(self, seed: int) -> tuple[Array, int]:
        ale = self._ale
        self._start.restore(seed)
        ale.reset_game()
        for _ in range(first_below(max(1, self._noop_max), seed)):
            ale.act(0)
            if ale.game_over():
                ale.reset_game()
        ale.getScreenGrayscale(self._frames[0])
        self._frames[1] = 0
        self._stack[:] = 0
        return self._show(), ale.lives()

    def send(self, action: int) -> None:
        self._code = self._codes[action]

    def receive(self) -> tuple[Array, float, bool, int]:
        ale, reward, over = self._ale, 0, False
        for left in range(self._frame_skip - 1, -1, -1):
            reward += ale.act(self._code)
            over = ale.game_over()
            if over:  # the frame is left out, as in a native game: no agent acts on it
                break
            if left < 2:
                ale.getScreenGrayscale(self._frames[left])
        return self._show(), float(reward), over, ale.lives()

    def picture(self) -> Array:
        screen: Array = self._ale.getScreenRGB()
        return screen

    def _show(self) -> Array:
        """The stack with the newest frame; where a step has but one frame, the other is black."""
        last, before = self._frames
        np.maximum(last, before, out=last)
        self._stack[:-1] = self._stack[1:]
        self._stack[-1] = self._resize(last)
        return self._stack
