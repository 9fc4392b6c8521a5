"""The hardware that a prediction assumes, each number with its source."""

from __future__ import annotations

from dataclasses import dataclass

FLOAT_BYTES = 4
CACHED_BYTES = 1e6  # of a message; what is beyond is copied through memory


@dataclass(frozen=True)
class Hardware:
    """Machines of `cores_per_machine` cores, linked to each other; the master is on the first.

    latency_s: of a message between two machines, one way. bandwidth_bytes_s: of a machine's link.
    message_s, copied_bytes_s: what one message costs the process that sends or receives it, and how
    fast its content is copied; large_copied_bytes_s: the part of it beyond CACHED_BYTES. weighed_s:
    of a parameter in one pair's share of the gradient. added_s: of a parameter when two vectors are
    added, or moved by the optimizer. crowded: how many times as long a core's work takes where all
    cores of its machine are busy, as they share memory and heat.
    """

    cores_per_machine: int = 18
    latency_s: float = 250e-6
    bandwidth_bytes_s: float = 1.25e9
    message_s: float = 29e-6
    copied_bytes_s: float = 4.9e9
    large_copied_bytes_s: float = 0.59e9
    weighed_s: float = 0.12e-9
    added_s: float = 0.11e-9
    crowded: float = 1.0

    def machines(self, workers: int) -> int:
        """How many machines so many workers need, one worker a core."""
        return -(-workers // self.cores_per_machine)

    def slowed(self, busy: float) -> float:
        """How many times as long a core's work takes where so many cores are busy, machine after
        machine: in a straight line from one core alone to all of a machine."""
        others = max(min(busy, self.cores_per_machine) - 1, 0)
        return 1.0 + (self.crowded - 1.0) * others / max(self.cores_per_machine - 1, 1)

    def handling_s(self, size_bytes: float) -> float:
        """What a message costs the process at one of its ends."""
        small, large = min(size_bytes, CACHED_BYTES), max(size_bytes - CACHED_BYTES, 0.0)
        return self.message_s + small / self.copied_bytes_s + large / self.large_copied_bytes_s

    def on_link_s(self, size_bytes: float) -> float:
        """How long a message keeps a link."""
        return size_bytes / self.bandwidth_bytes_s


SOURCES = {
    "cores_per_machine": "Salimans et al. 2017, arXiv 1703.03864, section 4.3",
    "latency_s": "half a round trip in a data centre: J. Dean, LADIS 2009",
    "bandwidth_bytes_s": "Ethernet as cloud machines have it",
    "message_s": "measured with scripts/scaling serial, see docs/scaling.md",
    "copied_bytes_s": "measured with scripts/scaling serial, see docs/scaling.md",
    "large_copied_bytes_s": "measured with scripts/scaling serial, see docs/scaling.md",
    "crowded": "cores that do not slow each other down; docs/scaling.md has measurements",
    "weighed_s": "measured with scripts/scaling serial, see docs/scaling.md",
    "added_s": "measured with scripts/scaling serial, see docs/scaling.md",
}
