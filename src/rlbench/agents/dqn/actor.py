"""The acting half of DQN: epsilon-greedy steps of lanes, in NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlbench.agents.dqn.memory import Step
from rlbench.agents.episodes import check_digest, digest, parted, play_again
from rlbench.interfaces import Array, Lanes, State
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.network import Network
from rlbench.seeding import Seeds

EXPLORATION_BLOCK_STEPS = 1024  # random numbers are drawn for so many steps at once


class Ended(NamedTuple):
    """Returns and lengths of the episodes that one step ended."""

    returns: list[float]
    lengths: list[int]


class Actor:
    """Lanes, where their episodes stand, and how to explore.

    Every number drawn is a pure function of the run's seed, the lane and the number of the step
    or episode, so that no generator needs to be kept.
    """

    def __init__(self, lanes: Lanes, network: Network, head: ArgmaxHead, seeds: Seeds) -> None:
        self._lanes, self._network, self._head = lanes, network, head
        self._episode_seeds = seeds.child("episodes")
        self._exploration_seeds = seeds.child("exploration")
        n = lanes.num_lanes
        self._all = np.arange(n)
        self._steps = 0  # which all lanes take together
        self._episodes = [0] * n  # the number of each lane's current episode
        self._returns = np.zeros(n)
        self._choices: list[list[Array]] = [[] for _ in range(n)]  # since each lane's reset
        self._obs = self._reset(self._all)
        self._no_loss = np.zeros(n, np.bool_)
        self._lives: Array = self._no_loss
        self._keep_lives()
        self._block = -1
        self._chances: Array = np.empty(0)
        self._random_choices: Array = np.empty(0)

    def step(self, layers: list[tuple[Array, Array]], epsilon: float) -> tuple[Step, Ended]:
        """Step every lane once: with chance `epsilon` a uniformly random action, else the greedy
        one of the network with `layers` (see `Network.layers`)."""
        obs_tm1 = self._obs
        choices = self._choose(layers, epsilon)
        obs_t, rewards, terminated, truncated = self._lanes.step(
            self._all, self._head.actions(choices)
        )
        self._steps += 1
        self._returns += rewards
        for played, choice in zip(self._choices, choices, strict=True):
            played.append(choice)
        ended = terminated | truncated
        lost_life = self._lost_life()
        returns: list[float] = []
        lengths: list[int] = []
        self._obs = obs_t
        if np.count_nonzero(ended):  # quicker than any(), and this runs at every step
            lanes = np.flatnonzero(ended)
            returns = self._returns[lanes].tolist()
            lengths = [len(self._choices[lane]) for lane in lanes]
            for lane in lanes:
                self._episodes[lane] += 1
                self._choices[lane] = []
            self._returns[lanes] = 0.0
            self._obs = obs_t.copy()
            self._obs[lanes] = self._reset(lanes)
            self._keep_lives()
        step = Step(
            obs_tm1=obs_tm1,
            actions_tm1=choices,
            rewards_t=rewards,
            obs_t=obs_t,
            terminated=terminated,
            truncated=truncated,
            begun=ended,
            obs_next=self._obs,
            lost_life=lost_life,
        )
        return step, Ended(returns, lengths)

    @property
    def steps(self) -> int:
        """How often all lanes have stepped."""
        return self._steps

    @property
    def obs(self) -> Array:
        """The lanes' current observations [N, *obs]."""
        return self._obs

    @property
    def returns(self) -> Array:
        """The lanes' returns [N] since their episodes began."""
        return self._returns

    def digest(self) -> str:
        """Of the lanes' observations."""
        return digest(self._obs)

    def get_state(self) -> State:
        """Where every lane stands: its episode's number, the choices since its reset, and a digest
        of the observation that they led to."""
        return {
            "steps": self._steps,
            "episodes": list(self._episodes),
            "returns": self._returns.copy(),
            "lengths": [len(played) for played in self._choices],
            "choices": np.array(
                [choice for played in self._choices for choice in played], np.int32
            ).reshape(-1, len(self._head.nvec)),
            "digest": self.digest(),
        }

    def set_state(self, state: State) -> None:
        """Bring every lane back to where it stood by playing its episode again, uncounted.

        Raises RunError where that leads to another observation than it did.
        """
        self._steps, self._block = int(state["steps"]), -1
        self._episodes = [int(number) for number in state["episodes"]]
        self._returns = np.array(state["returns"], np.float64)
        self._choices = parted(np.array(state["choices"]), np.array(state["lengths"], np.int64))
        with self._lanes.uncounted():
            obs = self._reset(self._all)
            self._obs = play_again(self._lanes, obs, self._choices, self._head.actions)
        self._keep_lives()
        check_digest(self.digest(), state["digest"])

    def _reset(self, lanes: Array) -> Array:
        seeds = [self._episode_seeds.episode_seed(int(n), self._episodes[n]) for n in lanes]
        return self._lanes.reset(lanes, np.array(seeds))

    def _keep_lives(self) -> None:
        if self._lanes.lives is not None:
            self._lives = self._lanes.lives.copy()

    def _lost_life(self) -> Array:
        """Lanes [N] that have fewer lives than at the last call."""
        lives = self._lanes.lives
        if lives is None:
            return self._no_loss
        lost: Array = lives < self._lives
        self._lives = lives.copy()
        return lost

    def _choose(self, layers: list[tuple[Array, Array]], epsilon: float) -> Array:
        """Choices [N, D] for the lanes' observations."""
        block, row = divmod(self._steps, EXPLORATION_BLOCK_STEPS)
        if block != self._block:
            rng = self._exploration_seeds.generator(block)
            shape = (EXPLORATION_BLOCK_STEPS, len(self._all))
            self._chances = rng.random(shape)
            self._random_choices = rng.integers(0, self._head.nvec, (*shape, len(self._head.nvec)))
            self._block = block
        explore = self._chances[row] < epsilon
        exploring = np.count_nonzero(explore)
        random_choices: Array = self._random_choices[row]
        if exploring == len(explore):
            return random_choices
        # All lanes always go through the network: a product of other rows has other last bits.
        greedy = self._head.choices(self._network.forward(layers, self._obs))
        if exploring:
            greedy[explore] = random_choices[explore]
        return greedy
