"""`rlbench init`: a folder for an agent, an environment and experiments of one's own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from rlbench.cli.arguments import folder
from rlbench.cli.parser import Parser
from rlbench.config.folders import template_dir
from rlbench.errors import ConfigError

DESCRIPTION = """\
Write a small template to DIR: an agent and an environment in Python, a folder conf/ with a
threshold, tuned settings and an experiment, and a folder cluster/ for runs on many machines. It
runs as it is; change what you like. Commands that are started in DIR find conf/ and the Python
files by themselves."""
EXAMPLE = """\
example:
  rlbench init mine
  cd mine
  rlbench experiment=first"""


def main(argv: Sequence[str]) -> int:
    """The subcommand; `argv` are the words after `init`. Returns the exit status.

    Raises ConfigError where something of the template is there already; nothing is written then.
    """
    parser = Parser("init", DESCRIPTION, EXAMPLE)
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        type=folder,
        default=Path(),
        help="where it is written; made where it is not there (default: the working directory)",
    )
    directory: Path = parser.parse_args(list(argv)).directory
    written = _copy(template_dir(), directory)
    print(f"{len(written)} files in {directory}:")
    for file in written:
        print(f"  {file}")
    there = "" if directory.resolve() == Path.cwd() else f"cd {directory} && "
    print(f"try them: {there}rlbench experiment=first")
    return 0


def _copy(template: Path, directory: Path) -> list[Path]:
    """Copy all files of `template`; their names below `directory`."""
    if os.path.lexists(directory) and not directory.is_dir():
        what = "a link that leads nowhere" if directory.is_symlink() else "a file"
        raise ConfigError("init", str(directory), f"a folder, and this is {what}")
    for part in sorted(template.iterdir()):
        if (directory / part.name).exists():
            takes = f"a folder without {part.name}: nothing is overwritten"
            raise ConfigError("init", str(directory), takes)
    files = sorted(path.relative_to(template) for path in template.rglob("*") if _is_part(path))
    for number, file in enumerate(files):
        try:
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(template / file, directory / file)
        except OSError as error:
            for made in files[: number + 1]:  # else the next try would find them in its way
                with contextlib.suppress(OSError):
                    (directory / made).unlink()
            takes = f"a folder that can be written ({directory / file}: {error.strerror})"
            raise ConfigError("init", str(directory), takes) from error
    return files


def _is_part(path: Path) -> bool:
    return path.is_file() and path.suffix in (".md", ".py", ".sh", ".yaml")
