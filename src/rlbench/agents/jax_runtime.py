"""JAX, begun on the CPU and with its number of threads set before."""

from __future__ import annotations

import os

THREADS_VARIABLE = "NPROC"  # read once, when the CPU is first used


def start_jax(threads: int) -> None:
    """Have JAX begin on the CPU with so many threads, unless it has begun in this process already.
    What it computes may depend on how many there are."""
    import jax

    before = os.environ.get(THREADS_VARIABLE)
    os.environ[THREADS_VARIABLE] = str(threads)
    try:
        jax.config.update("jax_platforms", "cpu")
        jax.devices()
    finally:
        if before is None:
            del os.environ[THREADS_VARIABLE]
        else:
            os.environ[THREADS_VARIABLE] = before
