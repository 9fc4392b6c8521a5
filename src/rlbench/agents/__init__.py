"""The agents. They know neither the harness nor the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlbench.registry import Registry

if TYPE_CHECKING:  # imports NumPy, which --help needs not
    from rlbench.interfaces import Agent

AGENTS: Registry[type[Agent]] = Registry(
    "agent",
    "rlbench.agents",
    {
        "dqn": "rlbench.agents.dqn.agent:DQN",
        "es": "rlbench.agents.es.agent:ES",
        "random": "rlbench.agents.random:RandomAgent",
    },
)
