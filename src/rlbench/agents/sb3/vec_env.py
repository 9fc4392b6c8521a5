"""The harness's lanes as the vector environment that Stable-Baselines3 steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from rlbench.agents.episodes import check_digest, digest, parted, play_again
from rlbench.interfaces import ActionSpec, Array, EnvFacts, Lanes, State, Stopped
from rlbench.seeding import Seeds


@dataclass(frozen=True)
class Place:
    """Where all lanes stand: the number of each episode, the actions since its reset (a list that
    grows, and how many of it), its return so far, what was observed last and the lives left; and
    what ended before."""

    episodes: list[int]
    played: list[tuple[list[Any], int]]
    returns: Array
    obs: Array
    lives: Array | None
    ended_returns: list[float]
    ended_lengths: list[int]


class LanesVecEnv(VecEnv):  # type: ignore[misc]
    """Lanes that begin their next episode by themselves, as Stable-Baselines3 expects.

    Each episode begins with a seed that is a function of the run's seed, the lane and the episode's
    number. The observation that ended an episode is in `terminal_observation`, and whether only a
    time limit ended it in `TimeLimit.truncated`.

    clip_rewards: to [-1, 1]. life_loss_ends_episode: an episode ends with each life for whoever
    learns, while it goes on in the environment. That counts as the end even in the step of a time
    limit, as it does in Stable-Baselines3. Returns and lengths are of whole episodes with raw
    rewards, for the log alone.

    should_stop: asked before each step; once it is true, `Stopped` is raised in place of it.
    """

    should_stop: Callable[[], bool] | None = None

    def __init__(
        self,
        lanes: Lanes,
        env: EnvFacts,
        seeds: Seeds,
        clip_rewards: bool = False,
        life_loss_ends_episode: bool = False,
    ) -> None:
        n = lanes.num_lanes
        self._lanes, self._episode_seeds = lanes, seeds.child("episodes")
        self._clips, self._lives_count = clip_rewards, life_loss_ends_episode
        self._discrete = env.action.kind != "box"
        self._all = np.arange(n)
        self._episodes = [-1] * n  # the number of each lane's current episode
        self._played: list[list[Any]] = [[] for _ in range(n)]  # actions since each lane's reset
        self._returns = np.zeros(n)
        self._obs = np.empty((n, 0), np.float32)
        self._lives: Array | None = None
        self._actions = np.empty(0)
        self._astray = False  # the lanes are elsewhere than all that is here says
        self.ended_returns: list[float] = []  # of the episodes that ended since this was emptied
        self.ended_lengths: list[int] = []
        super().__init__(n, observation_space(env), action_space(env.action))

    def reset(self) -> Array:
        """A new episode in every lane."""
        self._astray = False
        self._begin(self._all)
        return self._obs.copy()

    def step_async(self, actions: Array) -> None:
        dtype = np.int64 if self._discrete else np.float32
        self._actions = np.asarray(actions).astype(dtype, copy=False)

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """Observations [N, *obs], rewards [N] float32, ends [N] and infos."""
        if self.should_stop is not None and self.should_stop():
            raise Stopped
        if self._astray:
            self._replay()
        actions = self._actions
        obs, rewards, terminated, truncated = self._lanes.step(self._all, actions)
        self._returns += rewards
        for played, action in zip(self._played, actions, strict=True):
            played.append(action)
        ended = terminated | truncated
        final, done = terminated, ended  # final: nothing comes after, so nothing is bootstrapped
        if self._lives_count:
            lost = self._lost_life()
            final, done = terminated | lost, ended | lost
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        self._obs = obs
        if np.count_nonzero(done):  # quicker than any(), and this runs at every step
            for lane in np.flatnonzero(done):
                infos[lane]["terminal_observation"] = obs[lane].copy()
                infos[lane]["TimeLimit.truncated"] = bool(truncated[lane] and not final[lane])
            self._end(np.flatnonzero(ended))
        if self._clips:
            rewards = np.clip(rewards, -1.0, 1.0)
        # 32 bits as in Stable-Baselines3's own vector environments; a copy, as it adds to rewards.
        return self._obs, rewards.astype(np.float32), done, infos

    def place(self) -> Place:
        """Where all lanes stand now, for `go_back`."""
        return Place(
            list(self._episodes), [(lane, len(lane)) for lane in self._played],
            self._returns.copy(), self._obs, self._lives,
            list(self.ended_returns), list(self.ended_lengths),
        )  # fmt: skip

    def go_back(self, place: Place) -> None:
        """Be where all lanes stood; they are brought there, uncounted, before the next step."""
        self._episodes = list(place.episodes)
        self._played = [lane[:length] for lane, length in place.played]
        self._returns, self._obs, self._lives = place.returns.copy(), place.obs, place.lives
        self.ended_returns = list(place.ended_returns)
        self.ended_lengths = list(place.ended_lengths)
        self._astray = True

    def get_state(self) -> State:
        """Where every lane stands: its episode's number, the actions since its reset, and a digest
        of the observation that they led to."""
        played = [action for lane in self._played for action in lane]
        return {
            "episodes": list(self._episodes),
            "returns": self._returns.copy(),
            "lengths": [len(lane) for lane in self._played],
            "actions": np.array(played, np.int64 if self._discrete else np.float32),
            "ended_returns": np.array(self.ended_returns, np.float64),
            "ended_lengths": np.array(self.ended_lengths, np.int64),
            "digest": digest(self._obs),
        }

    def set_state(self, state: State) -> None:
        """Bring every lane back to where it stood by playing its episode again, uncounted.

        Raises RunError where that leads to another observation than it did.
        """
        self._episodes = [int(number) for number in state["episodes"]]
        self._returns = np.array(state["returns"], np.float64)
        self._played = parted(np.array(state["actions"]), np.array(state["lengths"], np.int64))
        self.ended_returns = np.array(state["ended_returns"]).tolist()
        self.ended_lengths = np.array(state["ended_lengths"]).tolist()
        self._replay()
        check_digest(digest(self._obs), state["digest"])

    def _replay(self) -> None:
        """Play the episodes up to where they are said to be."""
        with self._lanes.uncounted():
            obs = self._reset(self._all)
            self._obs = play_again(self._lanes, obs, self._played, lambda actions: actions)
        self._astray = False
        self._keep_lives()

    def _end(self, lanes: Array) -> None:
        """Note the episodes that ended in these lanes, and begin the next ones."""
        if not len(lanes):
            return
        self.ended_returns += self._returns[lanes].tolist()
        self.ended_lengths += [len(self._played[lane]) for lane in lanes]
        self._begin(lanes)

    def _begin(self, lanes: Array) -> None:
        for lane in lanes:
            self._episodes[lane] += 1
            self._played[lane] = []
        self._returns[lanes] = 0.0
        obs = self._reset(lanes)
        if len(lanes) == self.num_envs:
            self._obs = obs
        else:
            self._obs = self._obs.copy()
            self._obs[lanes] = obs
        self._keep_lives()

    def _reset(self, lanes: Array) -> Array:
        seeds = [self._episode_seeds.episode_seed(int(n), self._episodes[n]) for n in lanes]
        return self._lanes.reset(lanes, np.array(seeds))

    def _keep_lives(self) -> None:
        if self._lanes.lives is not None:
            self._lives = self._lanes.lives.copy()

    def _lost_life(self) -> Array:
        """Lanes [N] that have fewer lives than at the last call."""
        lives = self._lanes.lives
        if lives is None or self._lives is None:
            return np.zeros(self.num_envs, np.bool_)
        lost: Array = lives < self._lives
        self._lives = lives.copy()
        return lost

    # --- what a VecEnv has beside that; nothing of it is used here ---

    def close(self) -> None:
        """The lanes belong to the harness, which closes them."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        if attr_name == "render_mode":
            return [None] * self.num_envs
        raise AttributeError(attr_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(attr_name)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        raise AttributeError(method_name)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs


def observation_space(env: EnvFacts) -> spaces.Box:
    """Frames as channels first, anything else as a flat vector."""
    if env.pixels:
        return spaces.Box(0, 255, env.observation_shape, np.uint8)
    return spaces.Box(-np.inf, np.inf, env.observation_shape, np.float32)


def action_space(action: ActionSpec) -> spaces.Space[Any]:
    """The space of flat actions."""
    if action.kind == "discrete":
        return spaces.Discrete(action.nvec[0])
    if action.kind == "multi_discrete":
        return spaces.MultiDiscrete(list(action.nvec))
    low, high = np.array(action.low, np.float32), np.array(action.high, np.float32)
    return spaces.Box(low, high, dtype=np.float32)
