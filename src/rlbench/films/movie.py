"""Frames as files: MP4 and GIF, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rlbench.errors import OutputError, ReportError
from rlbench.extras import install_command
from rlbench.interfaces import Array
from rlbench.opening import LINK, in_the_way, is_directory, open_to_write

GIF_WIDTH = 640  # at most: a GIF of all pixels would be some ten times as large
GIF_FRAMES_PER_S = 12.5  # about
GIF_FRAMES = 600  # at most, as all of them are in memory
GIF_COLOURS = 64
MP4_QUALITY = "25"  # ffmpeg's constant rate factor, from 0 to 51 for the worst


class Writer(Protocol):
    """A file that takes frames."""

    def add(self, picture: Array) -> None: ...

    def close(self) -> None: ...


def check_can_write(out: Path) -> None:
    """Raise ReportError where a name's ending is of no film, its place is none for a file, or what
    its kind needs is missing."""
    if out.suffix.lower() not in WRITERS:
        raise ReportError(f"--out {out}: takes a name that ends in {' or '.join(WRITERS)}")
    if is_directory(out):
        raise OutputError(out, IsADirectoryError(errno.EISDIR, "is a directory"))
    if (what := in_the_way(out)) is not None and what != LINK:
        raise OutputError(out, OSError(errno.EINVAL, what))
    if not is_directory(out.parent):
        raise OutputError(out, FileNotFoundError(errno.ENOENT, "no such folder", str(out.parent)))
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
    """H.264 through the ffmpeg of imageio-ffmpeg, whose own writer takes a film for whole where
    ffmpeg has failed."""

    def __init__(self, path: Path, first: Array, per_s: float) -> None:
        import imageio_ffmpeg

        height, width, _ = first.shape
        rate = str(Fraction(per_s).limit_denominator(1000))
        given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate]
        made = ["-vcodec", "h264", "-pix_fmt", "yuv420p", "-crf", MP4_QUALITY]
        words = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *given, "-i", "-",
            *made, "-movflags", "+faststart",
            str(path.absolute()),  # a name with a colon could be taken for an address
        ]  # fmt: skip
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        # In a session of its own, since Ctrl-C is for this process, which then ends ffmpeg.
        self._ffmpeg = subprocess.Popen(
            words, stdin=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )

    def add(self, picture: Array) -> None:
        assert self._ffmpeg.stdin is not None
        self._ffmpeg.stdin.write(picture.tobytes())

    def close(self) -> None:
        self._ffmpeg.communicate()
        with self._errors:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").split("\n")[0]
        if self._ffmpeg.returncode != 0:
            why = f"ffmpeg: {said or f'ended with status {self._ffmpeg.returncode}'}"
            raise OSError(errno.EIO, why)


class Gif:
    """A GIF that repeats, with fewer and smaller pictures than the film has."""

    def __init__(self, path: Path, first: Array, per_s: float) -> None:
        self._path, self._step = path, max(1, round(per_s / GIF_FRAMES_PER_S))
        self._each_s = self._step / per_s
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
        # Hundredths of a second, rounded so that errors do not add up over the film.
        ends = np.rint(100 * self._each_s * np.arange(len(self._kept) + 1))
        first.save(
            self._path, "GIF", save_all=True, append_images=others, loop=0,
            duration=(10 * np.diff(ends)).astype(int).tolist(), optimize=True,
        )  # fmt: skip


WRITERS: dict[str, Callable[[Path, Array, float], Writer]] = {".mp4": Mp4, ".gif": Gif}
