"""How TensorFlow is started."""

import subprocess
import sys

TRAINS_ALONE = """
import sys
from rlbench.nets import tensorflow_runtime as runtime
runtime.process_only_trains()
runtime.start_tensorflow(1)
print([name in sys.modules for name in ("keras", *runtime.UNUSED_IN_TRAINING)])
import matplotlib, pandas, scipy  # as an environment may
"""


def test_a_process_that_only_trains_does_not_import_what_keras_draws_with() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", TRAINS_ALONE], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "[True, False, False, False]\n"
