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
        "evosax": "rlbench.agents.evosax.agent:Evosax",
        "evotorch": "rlbench.agents.evotorch.agent:Evotorch",
        "random": "rlbench.agents.random:RandomAgent",
        "sb3": "rlbench.agents.sb3.agent:SB3",
        "sbx": "rlbench.agents.sbx.agent:SBX",
    },
)


def with_algorithm(name: str) -> tuple[str, str]:
    """An agent of several algorithms and the one that is meant: `sb3` and `PPO` of `sb3:PPO`, as it
    is chosen, and of `sb3-PPO`, as its runs are called; of any other name itself and ""."""
    if name in AGENTS:
        return name, ""
    for mark in ":-":
        agent, marked, algorithm = name.partition(mark)
        if marked and algorithm and agent in AGENTS:
            return agent, algorithm
    return name, ""
