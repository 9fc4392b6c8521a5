"""An algorithm of Stable-Baselines3 as an agent: collect and train in turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from rlbench.agents.sb3.settings import OFF_POLICY, REPLAY_STEPS, SB3Settings
from rlbench.interfaces import Agent, Context, EnvFacts, Scalars, State

if TYPE_CHECKING:  # PyTorch takes seconds to import, and may not be there
    from rlbench.agents.sb3.learner import Learner
    from rlbench.nets.policy import NetworkPolicy

FLOAT_BYTES = 4


class SB3(Agent):
    """Stable-Baselines3's own code trains; this one calls it.

    The unit of training is what Stable-Baselines3 does between two looks at its budget: collect
    steps of all lanes, then learn from them. `advance` makes whole units, so that what is learned
    does not depend on how steps are cut into calls, and a state is saved between two units, where
    rollouts hold nothing. A long rollout that a stop cuts short is thrown away. Steps are counted
    by the lanes.
    """

    Settings = SB3Settings
    version: ClassVar[int] = 2
    library: ClassVar[str] = "PyTorch and Stable-Baselines3"  # as people call what it needs

    def __init__(self, context: Context, settings: SB3Settings) -> None:
        settings.check_environment(context.env)
        settings.check_installed()
        context.starting(f"importing {self.library}")
        self._context = context
        self._learner = self.make_learner(context, settings)

    @staticmethod
    def make_learner(context: Context, settings: Any) -> Learner:
        """What trains; this imports the libraries."""
        from rlbench.agents.sb3.learner import Learner

        return Learner(context, settings)

    @classmethod
    def memory_mb(cls, env: EnvFacts, settings: SB3Settings, *, workers: int) -> float:
        """The replay when it is full, or the rollout, and the lanes, in MiB."""
        settings.check_environment(env)
        settings.check_installed()
        chosen = settings.chosen
        observation = math.prod(env.observation_shape) * (1 if env.pixels else FLOAT_BYTES)
        rest = FLOAT_BYTES * (env.action.dimensions + 6)
        if settings.algorithm in OFF_POLICY:
            steps = chosen.kwargs.get("buffer_size", REPLAY_STEPS)
            held: float = steps * (2 * observation + rest)
        else:
            steps = chosen.kwargs.get("n_steps", 2048) * chosen.num_lanes
            held = 2 * steps * (observation + rest)
        return (held + chosen.num_lanes * env.lane_bytes) / 2**20

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions, or until `should_stop()`.

        Returns `updates` (since the beginning, as Stable-Baselines3 counts them), `episodes_train`
        (that ended in this call), what the algorithm itself logs, and where an episode ended
        `return_train_mean` and `length_train_mean`.
        """
        learner, saving = self._learner, self._context.saving
        goal = learner.env_steps + env_steps
        with learner.own_generators():
            while learner.env_steps < goal and not self._context.should_stop():
                if saving.due():
                    saving.save()
                before = saving.mark() if learner.throws_away else None
                if not learner.collect_and_train():
                    saving.discard(before)
                    break
        return learner.report(done=learner.env_steps >= goal)

    def policy(self) -> NetworkPolicy:
        """The deterministic policy, as Stable-Baselines3 itself evaluates."""
        return self._learner.policy()

    def get_state(self) -> State:
        """Everything; a replay's arrays are views that hold until the next `advance`."""
        return self._learner.get_state()

    def set_state(self, state: State) -> None:
        """Go on from `state`; raises RunError where the environment does not repeat itself."""
        self._learner.set_state(state)
