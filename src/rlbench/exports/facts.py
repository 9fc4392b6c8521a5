"""What an exported file says of itself, and the card beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rlbench import __version__
from rlbench.errors import ReportError
from rlbench.nets.build import package_of
from rlbench.nets.heads import ArgmaxHead
from rlbench.nets.network import Convolution, Layer, Section
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.conditions import Conditions
from rlbench.playing.names import PROPERTY
from rlbench.playing.score import Score, score_of
from rlbench.playing.source import Source
from rlbench.runs.records import Run
from rlbench.wording import plural

FORM = 1  # of the JSON in a file's metadata


@dataclass(frozen=True)
class Exported:
    """A policy to be carried elsewhere, and what is known of it."""

    policy: NetworkPolicy
    source: Source
    conditions: Conditions | None
    score: Score | None
    licence: str

    @property
    def run(self) -> Run | None:
        return self.source.run

    @property
    def env(self) -> str:
        """The id of its environment; empty where nothing says it."""
        return "" if self.conditions is None else self.conditions.env.id


def exported(source: Source, licence: str) -> Exported:
    """What is to be carried elsewhere; raises ReportError for a policy without a network of
    rlbench's."""
    policy = source.policy
    if not isinstance(policy, NetworkPolicy):
        kind = type(policy).__name__
        takes = "one with a network of es or dqn, from a run or a policy.npz"
        raise ReportError(f"{source.path}: its policy is a {kind}; takes {takes}")
    package = package_of(policy.network)
    if package is not None:
        raise ReportError(f"{source.path}: its network is of {package}; takes rlbench's own")
    return Exported(policy, source, source.conditions, score_of(source), licence)


def properties(found: Exported) -> dict[str, str]:
    """The metadata of a file: plain entries for whoever looks, and JSON for `rlbench evaluate`."""
    run = found.run
    known = {
        "form": FORM,
        "exported_by": __version__,
        "agent": "" if run is None else run.agent,
        "rlbench": "" if run is None else run.rlbench,
        "conditions": None
        if found.conditions is None
        else found.conditions.model_dump(mode="json", exclude_defaults=True),
    }
    plain = {
        "environment": found.env,
        "agent": "" if run is None else run.agent,
        "version": "" if run is None else f"rlbench {run.rlbench}",
        "licence": found.licence,
    }
    return {**{k: v for k, v in plain.items() if v}, PROPERTY: json.dumps(known, sort_keys=True)}


def network_words(policy: NetworkPolicy) -> str:
    """The network in words: `4-16-16-2, tanh; 370 parameters`."""
    network, head = policy.network, policy.head
    convs = [words for words in map(_filter_words, network.stack) if words]
    first = " x ".join(map(str, network.observation_shape))
    units = "-".join(str(n) for n in (*([] if convs else [first]), *network.hidden, head.size))
    shape = f"frames {first}, {', '.join(convs)}, then {units}" if convs else units
    norm = ", first hidden layer normalised" if getattr(network, "layer_norm", False) else ""
    return f"{shape}, {network.activation}{norm}; {network.size:,} parameters"


def _filter_words(layer: Layer) -> str:
    """A layer of kernels that move over frames; empty for others."""
    match layer:
        case Convolution(filters, width, stride, _, padded):
            edge = " with padding" if padded else ""
            return f"{filters} kernels of {width} x {width} every {stride}{edge}"
        case Section(filters, blocks, _):
            return f"{filters} kernels of 3 x 3, halved, {plural(blocks, 'residual block')}"
    return ""


def action_words(policy: NetworkPolicy) -> str:
    """What an action is."""
    head = policy.head
    if not isinstance(head, ArgmaxHead):
        return f"[batch, {head.size}] float32, the numbers of the environment's box"
    if head.values is not None:
        bins = f"each one of {max(head.nvec)} values"
        return f"[batch, {len(head.nvec)}] float32, {bins}"
    if head.single:
        return f"[batch] int64, a choice from 0 to {head.nvec[0] - 1}"
    return f"[batch, {len(head.nvec)}] int64, a choice for each dimension"
