"""TensorFlow, imported late and with its threads and habits set before it starts."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rlbench.errors import RunError

# Keras imports them to draw and to take data frames: 0.8 s, and training does neither.
UNUSED_IN_TRAINING = ("matplotlib", "pandas", "scipy")

_process_only_trains = False


def process_only_trains() -> None:
    """From here on TensorFlow is imported without `UNUSED_IN_TRAINING`.

    For the process of a run alone: Keras' own drawing and its data frames do not work in it. An
    environment can still import these packages.
    """
    global _process_only_trains
    _process_only_trains = True


def start_tensorflow(threads: int) -> Any:
    """The `tensorflow` module, with `threads` threads within and between operations.

    Raises RunError where TensorFlow is running already with other numbers of threads.
    """
    # Keras would read, and on a first import write, settings in the home directory: a run depends
    # on nothing and writes nothing outside its results.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["KERAS_HOME"] = os.path.join(os.devnull, "keras")  # noqa: PTH118
    # oneDNN's kernels: TensorFlow takes them by itself only on some types of CPU, and an update of
    # a convolutional network takes nearly twice as long without.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    hidden = UNUSED_IN_TRAINING if _process_only_trains else ()
    with _quiet(), _uncollected(), _hidden(hidden):
        import tensorflow as tf

    config = tf.config.threading
    wanted = (threads, threads)
    try:
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        running = (
            config.get_intra_op_parallelism_threads(),
            config.get_inter_op_parallelism_threads(),
        )
        if running != wanted:
            raise RunError(
                f"TensorFlow runs with {running[0]} threads within and {running[1]} between "
                f"operations in this process, and cannot change to {threads}"
            ) from None
    return tf


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what is written to file descriptor 2: libraries that TensorFlow loads describe their
    build there, whatever their log level. Exceptions pass through."""
    shown = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is imported is garbage; to look for some takes a fifth of the time. What a first
    import brings is looked at once at its end: in training it would count as that."""
    was_enabled, is_first = gc.isenabled(), "tensorflow" not in sys.modules
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
            if is_first:
                gc.collect()


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Importing one of the packages `names` fails, unless it is imported already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
