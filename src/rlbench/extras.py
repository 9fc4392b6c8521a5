"""What rlbench needs for some of its uses alone, and how to install it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

from rlbench.errors import ConfigError


def install_command(extra: str, installed: Distribution | None = None) -> str:
    """The command that installs an extra of rlbench, as `pip install -e 'CHECKOUT[mujoco]'`.

    It names where rlbench was installed from, as pip recorded it (PEP 610), since other projects
    have the same name; where nothing is recorded, or the place is no local one, it names the
    packages of the extra. installed: rlbench as installed.
    """
    installed = distribution("rlbench") if installed is None else installed
    recorded = json.loads(installed.read_text("direct_url.json") or "{}")
    url = urlsplit(recorded.get("url", ""))
    if url.scheme == "file":
        editable = "-e " if recorded.get("dir_info", {}).get("editable") else ""
        return f"pip install {editable}'{unquote(url.path)}[{extra}]'"
    marker = re.compile(rf"; extra == ['\"]{re.escape(extra)}['\"]$")
    needed = [marker.sub("", line) for line in installed.requires or () if marker.search(line)]
    return " ".join(["pip install", *(f"'{package}'" for package in needed)])


def refuse_missing(modules: Sequence[str], extra: str) -> None:
    """Raise ConfigError where an agent's modules are not all installed, with the command for it."""
    missing = not_installed(modules)
    if missing:
        takes = f"{missing}, not installed here: {install_command(extra)}"
        raise ConfigError("agent", extra, takes)


def not_installed(modules: Sequence[str]) -> str:
    """Those of the modules that are not installed, as `jax, optax and evosax`; "" where all are."""
    missing = [name for name in modules if find_spec(name) is None]
    return " and ".join([part for part in (", ".join(missing[:-1]), *missing[-1:]) if part])
