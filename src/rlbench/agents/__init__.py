"""The agents. They know neither the harness nor the clock."""

from __future__ import annotations

from rlbench.interfaces import Agent
from rlbench.registry import Registry

AGENTS: Registry[type[Agent]] = Registry(
    "agent",
    "rlbench.agents",
    {
        "dqn": "rlbench.agents.dqn.agent:DQN",
        "es": "rlbench.agents.es.agent:ES",
        "random": "rlbench.agents.random:RandomAgent",
    },
)
