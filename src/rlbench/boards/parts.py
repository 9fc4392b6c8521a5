"""What can be shown of a run beside its numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rlbench.boards.drawing import policy_nodes
from rlbench.boards.films import moving_picture
from rlbench.boards.kept import KeptRun, read_run, spread
from rlbench.boards.td_errors import learning_of, td_errors
from rlbench.films.episodes import Theatre
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.source import conditions_for
from rlbench.tensorboard.convert import Parts
from rlbench.tensorboard.graph import graph_definition
from rlbench.tensorboard.runs import Added
from rlbench.tensorboard.values import histogram

MOST_POLICIES = 50  # of a run whose parameters are shown
MOST_PLAYED = 10  # of a run that play; TensorBoard shows ten pictures at most


def parts_of(names: Sequence[str]) -> Parts:
    """Those that are named, for `tensorboard.convert`."""

    def parts(directory: Path) -> list[Iterator[Added]]:
        run = read_run(directory)
        return [PARTS[name](run) for name in names]

    return parts


def parameters(run: KeptRun) -> Iterator[Added]:
    """A histogram of each kernel and each bias, for the policies that the run kept."""
    for one in spread(run.kept, MOST_POLICIES):
        yield Added(one.clock, _histograms(one.network_policy()))


def graph(run: KeptRun) -> Iterator[Added]:
    """The network that the run ended with, from the observation to the action."""
    last = run.kept[-1]
    yield Added(last.clock, graph=graph_definition(policy_nodes(last.network_policy())))


def errors(run: KeptRun) -> Iterator[Added]:
    """A histogram of DQN's TD errors, for the policies that the run kept; none for other agents."""
    learning = learning_of(run.source)
    if learning is None:
        return
    conditions = conditions_for(run.source)
    for one in spread(run.kept, MOST_PLAYED):
        found = td_errors(one.network_policy(), conditions, learning)
        yield Added(one.clock, [histogram("td_errors/greedy_episode", found)])


def films(run: KeptRun) -> Iterator[Added]:
    """The first episode of an evaluation, for the policies that the run kept."""
    with contextlib.closing(Theatre(conditions_for(run.source))) as theatre:
        for one in spread(run.kept, MOST_PLAYED):
            made = moving_picture(theatre, one.policy(), run.source.name, one.clock.train_s)
            yield Added(one.clock, [made])


def _histograms(policy: NetworkPolicy) -> list[bytes]:
    network = policy.network
    named = zip(network.parameter_names, network.layers(policy.parameters), strict=True)
    return [
        histogram(f"parameters/{name}", array)
        for names, arrays in named
        for name, array in zip(names, arrays, strict=True)
    ]


PARTS: dict[str, Callable[[KeptRun], Iterator[Added]]] = {
    "histograms": parameters,
    "td_errors": errors,
    "graph": graph,
    "films": films,
}
