"""How TensorFlow is started."""

import subprocess
import sys

TRAINS_ALONE = """
import gc, sys
from rlbench.nets import tensorflow_runtime as runtime
collections = []
gc.callbacks.append(lambda phase, of: collections.append(of["generation"]))
runtime.process_only_trains()
runtime.start_tensorflow(1)
print(len(collections) < 100, 2 in collections, gc.isenabled())
print([name in sys.modules for name in ("keras", *runtime.UNUSED_IN_TRAINING)])
import matplotlib, pandas, scipy  # as an environment may
"""


def test_a_process_that_only_trains_imports_no_more_than_it_needs_and_without_a_pause() -> None:
    """Neither what Keras draws with, nor with the garbage collector at work."""
    finished = subprocess.run(
        [sys.executable, "-c", TRAINS_ALONE], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "True True True\n[True, False, False, False]\n"
