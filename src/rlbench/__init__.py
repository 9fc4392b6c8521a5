"""rlbench: which reaches a score sooner on your machine, DQN or evolution strategies?

From Python: `rlbench.run(agent="es", env="CartPole-v1")` and what else `__all__` names (see
`rlbench.api`). Everything is imported when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing`, which takes a while before a signal can be answered
if TYPE_CHECKING:
    from typing import Any

    from rlbench.api import (
        compare,
        evaluate,
        load_policy,
        load_run,
        load_runs,
        make_agent,
        report,
        run,
        sweep,
    )
    from rlbench.collection import Runs
    from rlbench.errors import ConfigError, ReportError, RlbenchError, RunError
    from rlbench.harness.evaluate import Evaluation
    from rlbench.interfaces import ActionSpec, Agent, Context, EnvFacts, Lanes, Policy
    from rlbench.runs.records import Run

__version__ = "0.3.0"

_MODULES = {
    "rlbench.api": (
        "compare", "evaluate", "load_policy", "load_run", "load_runs", "make_agent", "report",
        "run", "sweep",
    ),
    "rlbench.collection": ("Runs",),
    "rlbench.errors": ("ConfigError", "ReportError", "RlbenchError", "RunError"),
    "rlbench.harness.evaluate": ("Evaluation",),
    "rlbench.interfaces": ("ActionSpec", "Agent", "Context", "EnvFacts", "Lanes", "Policy"),
    "rlbench.runs.records": ("Run",),
}  # fmt: skip

__all__ = [
    "ActionSpec",
    "Agent",
    "ConfigError",
    "Context",
    "EnvFacts",
    "Evaluation",
    "Lanes",
    "Policy",
    "ReportError",
    "RlbenchError",
    "Run",
    "RunError",
    "Runs",
    "__version__",
    "compare",
    "evaluate",
    "load_policy",
    "load_run",
    "load_runs",
    "make_agent",
    "report",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
