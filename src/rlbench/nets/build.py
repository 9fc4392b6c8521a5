"""From the name of a network and an environment's observations to its description."""

from __future__ import annotations

from typing import Any

from rlbench.errors import ConfigError
from rlbench.interfaces import EnvFacts
from rlbench.nets.conv import Conv, ConvNet
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network

CONVOLUTIONAL: dict[str, tuple[tuple[Conv, ...], tuple[int, ...]]] = {
    # Mnih et al. 2015 (Nature 518), Methods, "Model architecture"
    "nature": (((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,)),
    # Mnih et al. 2013 (arXiv 1312.5602), section 4.1; the feed-forward network of A3C (Mnih et al.
    # 2016, arXiv 1602.01783) and so that of Salimans et al. 2017 (arXiv 1703.03864), section 4.2
    "a3c": (((16, 8, 4), (32, 4, 2)), (256,)),
}


def make_network(
    name: str,
    env: EnvFacts,
    outputs: int,
    *,
    hidden: tuple[int, ...],
    activation: str,
    pixels: str,
) -> Network:
    """The network called `name` for observations of `env`, with `outputs` outputs.

    name: "auto" is an MLP (of `hidden` and `activation`) for vectors, and for frames the
    convolutional network called `pixels`, which an agent's paper used.
    Raises ConfigError("agent.network", ...) where name and observations do not fit each other.
    """
    if name == "auto":
        name = pixels if env.pixels else "mlp"
    if env.pixels:
        if name not in CONVOLUTIONAL:
            raise ConfigError(
                "agent.network", name, f"for frames: auto, {', '.join(CONVOLUTIONAL)}"
            )
        convs, dense = CONVOLUTIONAL[name]
        frames, height, width = env.observation_shape
        try:
            return ConvNet((frames, height, width), convs, dense, outputs)
        except ValueError as error:
            raise ConfigError("agent.network", name, f"larger frames: {error}") from None
    if name != "mlp":
        raise ConfigError(
            "agent.network", name, f"auto or mlp: {env.id} observes a vector, no frames"
        )
    return MLP(env.observation_size, hidden, outputs, activation)


def network_from_description(description: dict[str, Any]) -> Network:
    """The inverse of a network's `describe`; raises ValueError for another kind."""
    kinds: dict[str, type[MLP] | type[ConvNet]] = {"mlp": MLP, "conv": ConvNet}
    kind = str(description.get("kind"))
    if kind not in kinds:
        raise ValueError(f"network kind {kind!r}: takes {' or '.join(kinds)}")
    return kinds[kind].from_description(description)
