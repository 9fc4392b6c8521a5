"""How many threads numerical libraries may take. They read it once, when they are imported, so
this module imports nothing that could import them."""

from __future__ import annotations

import os

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread_each() -> None:
    """Give the linear algebra of this process and its children one thread each."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = "1"
