"""config.yaml as a stranger's file: plain values, of bounded size, without references."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from rlbench.runs.reading import UnreadableFileError, open_regular

FILE = "config.yaml"
MAX_BYTES = 64_000  # PyYAML takes a second for so much, where it has no parser in C
MAX_DEPTH = 100  # of values in one another; rlbench writes four
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STARTS = (
    yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken,
)  # fmt: skip
ENDS = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


def read_configuration(directory: Path) -> dict[str, Any]:
    """The configuration of a run, as nested dictionaries.

    Raises UnreadableFileError, whose message goes after the file's name, where it cannot be read or
    is no YAML of plain values.
    """
    with os.fdopen(open_regular(directory / FILE, MAX_BYTES), "rb") as file:
        content = file.read(MAX_BYTES)
    try:
        _check_tokens(content)
        value = yaml.load(content, LOADER)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UnreadableFileError("is not YAML of plain values") from None
    if not isinstance(value, dict):
        raise UnreadableFileError("is not a mapping")
    return value


def _check_tokens(content: bytes) -> None:
    """A reference (`*name`) could make a small file a huge value, and the parser in C would take
    the stack of the process for values deep in one another: rlbench writes neither."""
    depth = 0
    for token in yaml.scan(content, LOADER):
        if isinstance(token, yaml.AliasToken):
            raise UnreadableFileError("has references, which rlbench does not write")
        depth += isinstance(token, STARTS) - isinstance(token, ENDS)
        if depth > MAX_DEPTH:
            raise UnreadableFileError("is not YAML of plain values")
