"""In which settings runs differ: the columns of the table of TensorBoard's HParams plugin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rlbench.tensorboard.hparams import Setting, as_text

ALWAYS_SHOWN = ("agent", "env", "seed", "cores")

Hparams = Mapping[str, Setting]


def of_one_type_each(runs: Sequence[Hparams]) -> list[Hparams]:
    """The settings of each run; one that is a number here and a word there is text everywhere."""
    types: dict[str, set[type]] = defaultdict(set)
    for hparams in runs:
        for name, value in hparams.items():
            types[name].add(type(value))
    return [
        {name: value if len(types[name]) == 1 else as_text(value) for name, value in run.items()}
        for run in runs
    ]


def settings_that_differ(runs: Iterable[Hparams]) -> dict[str, list[Setting]]:
    """The values of each setting in which the runs differ, and of those in ALWAYS_SHOWN; in the
    order of the settings. What two agents set differently is no difference: it need not mean the
    same; what only some runs of an agent have is one.
    """
    values: dict[str, set[Setting]] = defaultdict(set)
    of_agent: dict[tuple[str, Setting], list[Setting]] = defaultdict(list)
    agents = Counter[Setting]()
    for hparams in runs:
        agents[hparams["agent"]] += 1
        for name, value in hparams.items():
            values[name].add(value)
            of_agent[name, hparams["agent"]].append(value)
    differ = {
        name
        for (name, agent), found in of_agent.items()
        if len(set(found)) > 1 or len(found) < agents[agent]
    }
    differ |= {name for name, v in values.items() if len(v) > 1 and not name.startswith("agent.")}
    return {name: list(v) for name, v in values.items() if name in differ or name in ALWAYS_SHOWN}
