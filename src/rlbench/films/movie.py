"""Frames as files: MP4 and GIF, whole or not at all."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rlbench.errors import OutputError, ReportError
from rlbench.extras import install_command
from rlbench.interfaces import Array
from rlbench.opening import open_to_write

GIF_WIDTH = 640  # at most: a GIF of all pixels would be some ten times as large
GIF_FRAMES_PER_S = 12.5  # at most; its times are hundredths of a second
GIF_FRAMES = 600  # at most, as all of them are in memory
GIF_COLOURS = 64


class Writer(Protocol):
    """A file that takes frames."""

    def add(self, picture: Array) -> None: ...

    def close(self) -> None: ...


def check_can_write(out: Path) -> None:
    """Raise ReportError where a name's ending is of no film, or what its kind needs is missing."""
    if out.suffix.lower() not in WRITERS:
        raise ReportError(f"--out {out}: takes a name that ends in {' or '.join(WRITERS)}")
    for package in ("PIL", "imageio_ffmpeg"):
        if importlib.util.find_spec(package) is None:
            raise ReportError(f"films need {package}: {install_command('video')}")


def write_film(pictures: Iterator[Array], per_s: float, out: Path) -> int:
    """Write a film, all of whose frames have the size of the first; returns how many it has.
    Raises OutputError where it cannot be written."""
    first = next(pictures)
    partial, count = out.with_name(f".{out.stem}.{os.getpid()}{out.suffix}"), 0
    try:
        # Without following a link that a stranger has put there; ffmpeg writes into it.
        partial.unlink(missing_ok=True)
        os.close(open_to_write(partial, os.O_EXCL))
        with contextlib.closing(WRITERS[out.suffix.lower()](partial, first, per_s)) as writer:
            for picture in itertools.chain([first], pictures):
                writer.add(picture)
                count += 1
        partial.replace(out)
    except (OSError, ValueError) as error:
        raise OutputError(out, error) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return count


class Mp4:
    """H.264 through ffmpeg, which is part of imageio-ffmpeg."""

    def __init__(self, path: Path, first: Array, per_s: float) -> None:
        import imageio_ffmpeg

        height, width, _ = first.shape
        self._send: Any = imageio_ffmpeg.write_frames(
            str(path), (width, height), fps=per_s, macro_block_size=1, ffmpeg_log_level="error",
            output_params=["-movflags", "+faststart"],
        )  # fmt: skip
        self._send.send(None)

    def add(self, picture: Array) -> None:
        self._send.send(np.ascontiguousarray(picture))

    def close(self) -> None:
        self._send.close()


class Gif:
    """A GIF that repeats, with fewer and smaller pictures than the film has."""

    def __init__(self, path: Path, first: Array, per_s: float) -> None:
        self._path, self._step = path, max(1, round(per_s / GIF_FRAMES_PER_S))
        self._duration_ms = 1000 * self._step / per_s
        self._count = 0
        self._kept: list[Any] = []

    def add(self, picture: Array) -> None:
        from PIL import Image
        from PIL.Image import Resampling

        if self._count % self._step == 0 and len(self._kept) < GIF_FRAMES:
            image = Image.fromarray(picture)
            if image.width > GIF_WIDTH:
                size = GIF_WIDTH, round(image.height * GIF_WIDTH / image.width)
                image = image.resize(size, Resampling.BOX)
            self._kept.append(image.quantize(GIF_COLOURS, dither=Image.Dither.NONE))
        self._count += 1

    def close(self) -> None:
        first, *others = self._kept
        first.save(
            self._path, "GIF", save_all=True, append_images=others, loop=0,
            duration=self._duration_ms, optimize=True,
        )  # fmt: skip


WRITERS: dict[str, Callable[[Path, Array, float], Writer]] = {".mp4": Mp4, ".gif": Gif}
