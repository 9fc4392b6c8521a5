"""Being connected to Ray: to one of this process's own, or to a cluster that is running."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rlbench.errors import ConfigError, RunError
from rlbench.extras import install_command
from rlbench.signals import STOP_SIGNALS

ADDRESS = "RAY_ADDRESS"  # Ray's own environment variable
KNOCK_S = 10.0
PRIVATE = "local"  # without an address Ray would join whatever runs on this machine
# Ray would give its workers a lower priority than any other process, its own included, which then
# interrupt them all the time. It reads this where it starts a Ray of this process's own.
NICENESS = "RAY_worker_niceness"


@dataclass(frozen=True)
class RayCluster:
    """A connection to Ray. ray: the module. cpus: what Ray hands out, over all nodes. A context
    manager, which closes it."""

    ray: Any
    cpus: int
    _owned: bool

    def close(self) -> None:
        """Disconnect, and end a Ray that this process started. One that was connected before
        `connect` stays so."""
        if self._owned:
            with _own_signals():
                self.ray.shutdown()

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def connect(address: str | None, cpus: int, *, key: str = "executor") -> RayCluster:
    """Connect to Ray; a connection that this process has already is used.

    address: of a running cluster as `ray.init` takes it (`auto`, `HOST:PORT`, `ray://HOST:PORT`);
    None: what the environment variable RAY_ADDRESS says, else a Ray of this process's own, which
    hands out `cpus` CPUs. key: the key of the configuration that asks for Ray.

    Raises ConfigError where Ray is not installed, or no cluster that fits is at the address,
    RunError where a private Ray does not start.
    """
    try:
        import ray
    except ImportError as error:
        takes = f"an installed Ray: {install_command('ray')}"
        raise ConfigError(key, "ray", takes) from error
    address = address or os.environ.get(ADDRESS) or None
    module: Any = ray  # much of it is untyped
    owned = not ray.is_initialized()
    if owned:
        _init(module, address, cpus, key)
    return RayCluster(module, int(module.cluster_resources().get("CPU", 0)), owned)


@lru_cache(maxsize=16)
def cluster_cpus(address: str) -> int:
    """The CPUs of the cluster at an address; raises ConfigError as `connect` does."""
    with connect(address, 0) as cluster:
        return cluster.cpus


def _init(ray: Any, address: str | None, cpus: int, key: str) -> None:
    # Workers import what this process can: an environment's package, say.
    paths = os.pathsep.join(path for path in sys.path if path)
    options: dict[str, Any] = {"runtime_env": {"env_vars": {"PYTHONPATH": paths}}}
    if address is None:
        options |= {"num_cpus": cpus, "include_dashboard": False}
        os.environ.setdefault(NICENESS, "0")
    options |= {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is not None:
            _knock(address)
        with _own_signals():
            ray.init(address=address or PRIVATE, **options)
    except Exception as error:
        with contextlib.suppress(Exception):
            ray.shutdown()
        why = next(iter(str(error).splitlines()), type(error).__name__)
        if address is None:
            raise RunError(f"Ray could not be started: {why}") from error
        takes = (
            "the address of a running Ray with the same versions of Ray and Python; where it asks "
            "for a token, auto finds that, and HOST:PORT takes the environment variable "
            f"RAY_AUTH_MODE=token ({why})"
        )
        raise ConfigError(f"{key}.address", address, takes) from error


def _knock(address: str) -> None:
    """Raises OSError where nobody answers; Ray itself would try for minutes."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if host and port.isascii() and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Ray puts its own handlers in place of those by which a run is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
