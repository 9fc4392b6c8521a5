"""An agent outside of a run: built as a run builds it, and trained by hand."""

from __future__ import annotations

from types import TracebackType

import numpy as np

from rlbench.errors import ConfigError
from rlbench.harness.plan import plan_run
from rlbench.harness.resources import Resources
from rlbench.interfaces import Agent, Counts, Policy, Scalars, State
from rlbench.settings import MAX_STEPS, Settings


class LiveAgent:
    """An agent with the lanes and the executor it trains with. A context manager, which closes
    them.

    agent: the agent itself. It learns what the run of the same settings learns; nothing is
    evaluated, timed or written.
    """

    def __init__(self, settings: Settings) -> None:
        plan = plan_run(settings)
        self._resources = Resources.of(plan)
        context = self._resources.context(settings.seed)
        self.agent: Agent = plan.agent_class(context, plan.agent_settings)

    @property
    def counts(self) -> Counts:
        """The steps and finished episodes of training so far."""
        return self._resources.counts()

    def advance(self, env_steps: int) -> Scalars:
        """Train for at least `env_steps` more decisions; what the agent reports of it.

        Raises ConfigError for what is no number of steps.
        """
        whole = isinstance(env_steps, (int, np.integer)) and not isinstance(env_steps, bool)
        if not whole or not 0 <= env_steps <= MAX_STEPS:
            raise ConfigError("env_steps", env_steps, f"a whole number from 0 to {MAX_STEPS}")
        return self.agent.advance(env_steps)

    def policy(self) -> Policy:
        """A frozen snapshot of the policy that would be judged now."""
        return self.agent.policy()

    def get_state(self) -> State:
        """Everything needed to go on exactly, as nested dicts of arrays and scalars."""
        return self.agent.get_state()

    def set_state(self, state: State) -> None:
        """Go on from a state of `get_state`."""
        self.agent.set_state(state)

    def close(self) -> None:
        """End what the agent and its executor began."""
        self.agent.close()
        self._resources.close()

    def __enter__(self) -> LiveAgent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
