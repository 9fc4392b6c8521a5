"""Whether there is a GPU for a run that asks for one."""

from __future__ import annotations

import os
import subprocess
import sys

from rlbench.errors import ConfigError

LOOK = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"
LOOKING_S = 120


def check_device(device: str) -> None:
    """Raise ConfigError for a GPU that TensorFlow does not see. Another process looks, so that
    this one stays as it is."""
    if device != "gpu":
        return
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        found = subprocess.run(
            [sys.executable, "-c", LOOK], capture_output=True, text=True, env=environment,
            timeout=LOOKING_S, check=False,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    if not found.isdigit() or int(found) == 0:
        raise ConfigError("device", device, "cpu here: TensorFlow sees no GPU on this machine")
