"""What the commands that draw set up for matplotlib, which would otherwise write into the home
directory and do as its environment variables say."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FONT_LISTS = "fontlist-v*.json"


@contextmanager
def own_matplotlib() -> Iterator[None]:
    """Matplotlib without windows, and with a folder that is removed at the end.

    The list of fonts that an earlier use has left is copied, as making it can take seconds.
    """
    # That the list is being made is said on the terminal, where it takes five seconds.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    before = {name: os.environ.get(name) for name in ("MPLBACKEND", "MPLCONFIGDIR")}
    with contextlib.ExitStack() as stack:
        stack.callback(_set, before)
        os.environ["MPLBACKEND"] = "agg"
        with contextlib.suppress(OSError):  # no place for temporary files: as it would be
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rlbench-"))
            _copy_font_lists(Path(folder))
            os.environ["MPLCONFIGDIR"] = folder
        yield


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _copy_font_lists(folder: Path) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # no home, or nothing there to be read
        for file in _cache().glob(FONT_LISTS):
            shutil.copy(file, folder)


def _cache() -> Path:
    """Where matplotlib keeps its lists (matplotlib.get_cachedir, which would make the folder)."""
    if os.environ.get("MPLCONFIGDIR"):
        return Path(os.environ["MPLCONFIGDIR"])
    if sys.platform.startswith(("linux", "freebsd")):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    return Path.home() / ".matplotlib"
