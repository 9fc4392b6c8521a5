"""A policy at play as a moving picture, for TensorBoard's images."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from rlbench.errors import visible
from rlbench.films.episodes import Theatre
from rlbench.films.movie import GIF_FRAMES_PER_S, check_can_write, write_film
from rlbench.films.scene import Part, frames
from rlbench.interfaces import Policy
from rlbench.playing.model import Model
from rlbench.tensorboard.values import picture

TAG = "film"
SECONDS = 20  # of an episode, at most


def moving_picture(theatre: Theatre, policy: Policy | Model, name: str, train_s: float) -> bytes:
    """A summary value: the first episode of an evaluation, as a GIF.

    name: of the agent; train_s: how long it had trained. Raises ReportError where what makes films
    is missing, and RunError where playing fails.
    """
    with tempfile.TemporaryDirectory(prefix="rlbench-") as folder:
        out = Path(folder) / "film.gif"
        check_can_write(out)
        part = Part(theatre, policy, [0], visible(name), f"trained {train_s:,.1f} s")
        write_film(frames([part], GIF_FRAMES_PER_S, SECONDS), GIF_FRAMES_PER_S, out)
        encoded = out.read_bytes()
    width, height = struct.unpack_from("<HH", encoded, 6)  # behind the six letters of a GIF
    return picture(TAG, height, width, encoded)
