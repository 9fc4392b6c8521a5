"""A Ray cluster that the tests of this folder share: one takes seconds to come up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

NODES = 3  # of one CPU


@pytest.fixture(scope="package")
def cluster() -> Iterator[Any]:
    """Nobody stays connected to it from one module to the next."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(NODES - 1):
        made.add_node(num_cpus=1)
    yield made
    made.shutdown()
