"""config.yaml as a stranger's file: plain values, of bounded size, without references."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from rlbench.runs.reading import UnreadableFileError, open_regular

FILE = "config.yaml"
MAX_BYTES = 64_000  # PyYAML takes a second for so much


def read_configuration(directory: Path) -> dict[str, Any]:
    """The configuration of a run, as nested dictionaries.

    Raises UnreadableFileError, whose message goes after the file's name, where it cannot be read or
    is no YAML of plain values.
    """
    with os.fdopen(open_regular(directory / FILE, MAX_BYTES), "rb") as file:
        content = file.read(MAX_BYTES)
    try:
        # A reference (`*name`) could make a small file a huge value; rlbench writes none.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(content, yaml.SafeLoader)):
            raise UnreadableFileError("has references, which rlbench does not write")
        value = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UnreadableFileError("is not YAML of plain values") from None
    if not isinstance(value, dict):
        raise UnreadableFileError("is not a mapping")
    return value
