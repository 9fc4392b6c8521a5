"""From single steps to n-step transitions, per lane, as they happen."""

from __future__ import annotations

import numpy as np

from rlbench.agents.dqn.replay import Transitions
from rlbench.interfaces import Array, State


class NStepAssembler:
    """Turns lock-step steps of N lanes into n-step transitions (Sutton 1988; Mnih et al. 2016).

    A transition begins at each step and ends n steps later or where its episode ends, whichever
    comes first, so none crosses an episode's end. At a termination nothing is bootstrapped; at a
    truncation the value of the episode's last observation is.

    The window holds the last n steps: slot `step % n` for all lanes, as they step together.
    """

    def __init__(
        self,
        n_step: int,
        discount: float,
        num_lanes: int,
        observation_shape: tuple[int, ...],
        action_dimensions: int,
        dtype: type[np.generic] = np.float32,
    ) -> None:
        self._n, self._discount = n_step, discount
        self._powers = discount ** np.arange(n_step + 1)  # [n + 1]
        self._obs = np.zeros((n_step, num_lanes, *observation_shape), dtype)
        self._actions = np.zeros((n_step, num_lanes, action_dimensions), np.int32)
        self._returns = np.zeros((n_step, num_lanes))  # discounted reward sums so far, float64
        self._open = np.zeros((n_step, num_lanes), np.bool_)
        self._step = 0

    def push(
        self,
        obs_tm1: Array,
        actions_tm1: Array,
        rewards_t: Array,
        obs_t: Array,
        terminated: Array,
        truncated: Array,
    ) -> Transitions:
        """The transitions that this step of all lanes completes, the longest first.

        obs_tm1, obs_t: [N, *obs]; obs_t is the episode's last observation where it ended, not the
        next episode's first. actions_tm1: [N, D]. rewards_t, terminated, truncated: [N].
        """
        if self._n == 1:
            discounts_t = np.where(terminated, 0.0, self._discount)
            return Transitions(obs_tm1, actions_tm1, rewards_t, discounts_t, obs_t)
        n, slot = self._n, self._step % self._n
        self._obs[slot], self._actions[slot] = obs_tm1, actions_tm1
        self._returns[slot], self._open[slot] = 0.0, True
        slots = (self._step + 1 + np.arange(n)) % n  # oldest first
        ages = np.arange(n - 1, -1, -1)
        self._returns[slots] += self._powers[ages, None] * rewards_t
        self._step += 1

        complete = self._open[slots]  # [n, N], oldest first
        complete[1:] &= terminated | truncated
        which, lanes = np.nonzero(complete)
        chosen = slots[which]
        self._open[chosen, lanes] = False
        return Transitions(
            obs_tm1=self._obs[chosen, lanes],
            actions_tm1=self._actions[chosen, lanes],
            rewards_t=self._returns[chosen, lanes],
            discounts_t=np.where(terminated[lanes], 0.0, self._powers[ages[which] + 1]),
            obs_t=obs_t[lanes],
        )

    def get_state(self) -> State:
        return {
            "obs": self._obs.copy(),
            "actions": self._actions.copy(),
            "returns": self._returns.copy(),
            "open": self._open.copy(),
            "step": self._step,
        }

    def set_state(self, state: State) -> None:
        self._obs[:], self._actions[:] = state["obs"], state["actions"]
        self._returns[:], self._open[:] = state["returns"], state["open"]
        self._step = int(state["step"])
