"""The network of a run as it was before it learned anything."""

from __future__ import annotations

from typing import Any

from rlbench.agents.es.agent import normalises
from rlbench.agents.es.settings import ESSettings
from rlbench.agents.es.virtual_norm import VirtualNorm
from rlbench.checking import check
from rlbench.errors import ReportError
from rlbench.interfaces import Array
from rlbench.nets.policy import NetworkPolicy
from rlbench.playing.snapshots import untrained_snapshot
from rlbench.playing.source import Source
from rlbench.runs.configuration import FILE, read_configuration
from rlbench.runs.reading import UnreadableFileError
from rlbench.runs.records import Run
from rlbench.seeding import Seeds


def untrained(source: Source, policy: NetworkPolicy, frames: Array) -> tuple[NetworkPolicy, str]:
    """The policy before training, and where it comes from in words: of the run's first snapshot,
    else fresh parameters by the run's seed, drawn as its agent draws them.

    frames: [N, *obs] that virtual batch normalisation takes its statistics from, where the agent
    has it. Raises ReportError or ConfigError for files that cannot be used.
    """
    run = source.run
    if run is not None and (kept := untrained_snapshot(run.directory)) is not None:
        known = kept.policy()
        if isinstance(known, NetworkPolicy) and known.network == policy.network:
            return known, f"its policy before training, {kept.file.name} in snapshots"
    seed = 0 if run is None else run.seed
    rng = Seeds(seed).child("agent").child("parameters").generator()
    network = policy.network
    if run is None or run.agent != "es":
        parameters = network.initial_uniform(rng)
        return NetworkPolicy(network, policy.head, parameters), f"fresh parameters of seed {seed}"
    settings = check(ESSettings, _agent_settings(run))
    parameters = network.initial(rng, settings.output_scale)
    words = f"fresh parameters of seed {seed}"
    if normalises(network, settings):
        VirtualNorm(network, frames[: settings.reference_frames]).fold(network.layers(parameters))
        words = f"{words}, normalised by these frames"
    return NetworkPolicy(network, policy.head, parameters), words


def _agent_settings(run: Run) -> dict[str, Any]:
    """What config.yaml says of the agent's settings, unchecked."""
    try:
        values = read_configuration(run.directory).get("agent")
    except UnreadableFileError as error:
        raise ReportError(f"{run.directory}: {FILE} {error}") from None
    if not isinstance(values, dict):
        raise ReportError(f"{run.directory}: {FILE} says nothing of its agent")
    return {str(key): value for key, value in values.items() if key not in ("name", "_target_")}
