"""From the name of a network and an environment's observations to its description.

An installed package adds a network as an entry point of the group `rlbench.networks`: a name, and
a `NetworkBuilder` as below, which may return an `MLP`, a `ConvNet` or a `Network` of the package's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rlbench.errors import ConfigError
from rlbench.interfaces import EnvFacts
from rlbench.nets.conv import Conv, ConvNet
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network, Observations
from rlbench.registry import Registry, choices
from rlbench.settings import AUTO

KEY = "agent.network"


@dataclass(frozen=True)
class NetworkOptions:
    """What an agent's settings say of networks that leave it open: units of the hidden layers, the
    activation after them, and whether the first one is normalised (see `MLP`)."""

    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    layer_norm: bool = False


@dataclass(frozen=True)
class NetworkBuilder:
    """A network that can be asked for by name.

    observations: what it suits. build: the network for observations of the given shape, with so
    many outputs; it takes from the options what it leaves open, and raises ValueError for a shape
    that does not suit.
    """

    observations: Observations
    build: Callable[[tuple[int, ...], int, NetworkOptions], Network]


def _mlp(shape: tuple[int, ...], outputs: int, options: NetworkOptions) -> MLP:
    return MLP(shape[0], options.hidden, outputs, options.activation, options.layer_norm)


def conv_builder(convs: tuple[Conv, ...], hidden: tuple[int, ...]) -> NetworkBuilder:
    """A `ConvNet` for frames: (filters, width of the square kernel, stride) of each convolution,
    and the units of each dense layer after them."""

    def build(shape: tuple[int, ...], outputs: int, options: NetworkOptions) -> ConvNet:
        frames, height, width = shape
        return ConvNet((frames, height, width), convs, hidden, outputs)

    return NetworkBuilder("frames", build)


MLP_BUILDER = NetworkBuilder("vector", _mlp)
# Mnih et al. 2015 (Nature 518), Methods, "Model architecture"
NATURE = conv_builder(((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,))
# Mnih et al. 2013 (arXiv 1312.5602), section 4.1; the feed-forward network of A3C (Mnih et al.
# 2016, arXiv 1602.01783) and so that of Salimans et al. 2017 (arXiv 1703.03864), section 4.2
A3C = conv_builder(((16, 8, 4), (32, 4, 2)), (256,))

NETWORKS: Registry[NetworkBuilder] = Registry(
    KEY,
    "rlbench.networks",
    {
        "mlp": "rlbench.nets.build:MLP_BUILDER",
        "nature": "rlbench.nets.build:NATURE",
        "a3c": "rlbench.nets.build:A3C",
    },
    has=("observations",),
)


def check_network(name: Any) -> Any:
    """`name`; raises ConfigError where it is neither `auto` nor a network."""
    if name != AUTO and not (isinstance(name, str) and name in NETWORKS):
        raise ConfigError(KEY, name, choices(str(name), [AUTO, *NETWORKS]))
    return name


def make_network(
    name: str, env: EnvFacts, outputs: int, options: NetworkOptions, *, for_frames: str
) -> Network:
    """The network called `name` for observations of `env`, with `outputs` outputs.

    name: "auto" is an MLP for vectors, and for frames the network called `for_frames`, which an
    agent's paper used.
    Raises ConfigError("agent.network", ...) where name and observations do not fit each other.
    """
    observations: Observations = "frames" if env.pixels else "vector"
    builder = NETWORKS[(for_frames if env.pixels else "mlp") if name == AUTO else name]
    if builder.observations != observations:
        suiting = [name for name in NETWORKS if NETWORKS[name].observations == observations]
        what = "frames" if env.pixels else "a vector, no frames"
        raise ConfigError(KEY, name, f"{choices(name, [AUTO, *suiting])}: {env.id} observes {what}")
    try:
        return builder.build(env.observation_shape, outputs, options)
    except ValueError as error:
        raise ConfigError(KEY, name, f"other observations: {error}") from None


def network_from_description(description: dict[str, Any]) -> Network:
    """The inverse of a network's `describe`; raises ValueError for another kind."""
    kinds: dict[str, type[MLP] | type[ConvNet]] = {"mlp": MLP, "conv": ConvNet}
    kind = str(description.get("kind"))
    if kind not in kinds:
        raise ValueError(f"network kind {kind!r}: takes {' or '.join(kinds)}")
    return kinds[kind].from_description(description)
