"""From the name of a network and an environment's observations to its description.

An installed package adds a network as an entry point of the group `rlbench.networks`: a name, and
a `NetworkBuilder` as below, which may return one of rlbench's (`MLP`, `ConvNet`, `PaddedConvNet`,
`ResidualNet`) or a `Network` of the package's.
A saved policy names such a class by its registered name and never by its module, so that a file
cannot choose what is imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rlbench.errors import ConfigError, RunError
from rlbench.interfaces import EnvFacts
from rlbench.nets.conv import Conv, ConvNet
from rlbench.nets.mlp import MLP
from rlbench.nets.network import Network, Observations
from rlbench.nets.padded import PaddedConvNet
from rlbench.nets.residual import ResidualNet
from rlbench.registry import Registry, choices
from rlbench.settings import AUTO

KEY = "agent.network"
MAX_NAME = 80  # characters that an error shows of a name in a file
_READERS = (MLP, ConvNet, PaddedConvNet, ResidualNet)


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
    that does not suit. read: for a class of the package's, the inverse of `Network.describe`, whose
    "kind" is then the registered name; it is given a stranger's values, so it checks them and
    raises ValueError, KeyError or TypeError for others.
    """

    observations: Observations
    build: Callable[[tuple[int, ...], int, NetworkOptions], Network]
    read: Callable[[dict[str, Any]], Network] | None = None


def _mlp(shape: tuple[int, ...], outputs: int, options: NetworkOptions) -> MLP:
    return MLP(shape[0], options.hidden, outputs, options.activation, options.layer_norm)


def conv_builder(
    convs: tuple[Conv, ...], hidden: tuple[int, ...], *, padded: bool = False
) -> NetworkBuilder:
    """A `ConvNet` for frames: (filters, width of the square kernel, stride) of each convolution,
    and the units of each dense layer after them; padded: a `PaddedConvNet`."""

    def build(shape: tuple[int, ...], outputs: int, options: NetworkOptions) -> Network:
        frames, height, width = shape
        made = PaddedConvNet if padded else ConvNet
        return made((frames, height, width), convs, hidden, outputs)

    return NetworkBuilder("frames", build)


def residual_builder(
    sections: tuple[tuple[int, int], ...], hidden: tuple[int, ...]
) -> NetworkBuilder:
    """A `ResidualNet` for frames: (filters, residual blocks) of each section, and the units of each
    dense layer after them."""

    def build(shape: tuple[int, ...], outputs: int, options: NetworkOptions) -> ResidualNet:
        frames, height, width = shape
        return ResidualNet((frames, height, width), sections, hidden, outputs)

    return NetworkBuilder("frames", build)


MLP_BUILDER = NetworkBuilder("vector", _mlp)
# Mnih et al. 2015 (Nature 518), Methods, "Model architecture"
NATURE = conv_builder(((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,))
# Castro et al. 2018 (arXiv 1812.06110): Dopamine's `NatureDQNNetwork`. Its layers are Nature's, but
# they pad, and start from other parameters (see `PaddedConvNet.initial_uniform`).
DOPAMINE = conv_builder(((32, 8, 4), (64, 4, 2), (64, 3, 1)), (512,), padded=True)
# Mnih et al. 2013 (arXiv 1312.5602), section 4.1; the feed-forward network of A3C (Mnih et al.
# 2016, arXiv 1602.01783) and so that of Salimans et al. 2017 (arXiv 1703.03864), section 4.2
A3C = conv_builder(((16, 8, 4), (32, 4, 2)), (256,))
# Young & Tian 2019 (arXiv 1903.03176): the network of their DQN on MinAtar
SMALL = conv_builder(((16, 3, 1),), (128,))
# Espeholt et al. 2018 (arXiv 1802.01561), figure 3, right, without the LSTM, and with one residual
# block a section, where theirs has two. Their shallow network (left) is A3C without its LSTM.
IMPALA_SMALL = residual_builder(((16, 1), (32, 1), (32, 1)), (256,))

NETWORKS: Registry[NetworkBuilder] = Registry(
    KEY,
    "rlbench.networks",
    {
        "mlp": "rlbench.nets.build:MLP_BUILDER",
        "nature": "rlbench.nets.build:NATURE",
        "dopamine": "rlbench.nets.build:DOPAMINE",
        "a3c": "rlbench.nets.build:A3C",
        "small": "rlbench.nets.build:SMALL",
        "impala-small": "rlbench.nets.build:IMPALA_SMALL",
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

    name: "auto" is an MLP for vectors, for frames the network called `for_frames`, which an agent's
    paper used, and for other images `small`.
    Raises ConfigError("agent.network", ...) where name and observations do not fit each other.
    """
    observations: Observations = "frames" if env.pixels else "vector"
    automatic = for_frames if env.frames else "small" if env.pixels else "mlp"
    builder = NETWORKS[automatic if name == AUTO else name]
    if builder.observations != observations:
        suiting = [name for name in NETWORKS if NETWORKS[name].observations == observations]
        what = "frames" if env.pixels else "a vector, no frames"
        raise ConfigError(KEY, name, f"{choices(name, [AUTO, *suiting])}: {env.id} observes {what}")
    try:
        network = builder.build(env.observation_shape, outputs, options)
    except ValueError as error:
        raise ConfigError(KEY, name, f"other observations: {error}") from None
    if type(network) not in _READERS:
        _check_convolutions(name, network)
        _check_readable(name, network)
    return network


def _check_convolutions(name: str, network: Network) -> None:
    """Raise ConfigError where a package's network has convolutions that are not played as its
    `forward` says: agents have a faster way through them (see `frame_convs`)."""
    if network.convs and not (network.plain and network.activation == "relu"):
        takes = "a network whose `convs` is empty, unless it is `plain` with activation relu"
        raise ConfigError(KEY, name, takes)


def _check_readable(name: str, network: Network) -> None:
    """Raise ConfigError where a policy of a package's network could not be loaded again."""
    takes = (
        "a network that policy.npz can hold: `describe` gives JSON values and the registered name "
        "as 'kind', `NetworkBuilder.read` makes an equal network of them, and its fields can be "
        "hashed (tuples, no lists)"
    )
    try:
        hash(network)
        description = json.loads(json.dumps(network.describe()))
        equal = description.get("kind") == name and network_from_description(description) == network
    except Exception as error:  # the package's code may raise anything at all
        takes = f"{takes} ({type(error).__name__}: {error})"
        raise ConfigError(KEY, name, takes) from error
    if not equal:
        raise ConfigError(KEY, name, takes)


def network_from_description(description: dict[str, Any], package: str = "") -> Network:
    """The inverse of a network's `describe`.

    package: which one the network is said to be of, for the error. Raises RunError for a kind that
    is not known here, and ValueError, KeyError or TypeError for values that do not suit the kind.
    """
    kind = str(description.get("kind"))
    for known in _READERS:
        if kind == known.KIND:
            return known.from_description(description)
    if kind not in NETWORKS:
        of = f" of {package[:MAX_NAME]}" if package else ""
        raise RunError(f"the network {kind[:MAX_NAME]!r}{of} is not installed here")
    read = NETWORKS[kind].read
    if read is None:
        raise RunError(f"the network {kind!r} has no `read` in its NetworkBuilder")
    return read(description)


def package_of(network: Network) -> str | None:
    """The package that a network's class is of; None: rlbench."""
    return None if type(network) in _READERS else NETWORKS.package(network.describe()["kind"])
