"""What installed packages add to the configuration: agents without a YAML file, and folders of
YAML files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from rlbench.agents import AGENTS
from rlbench.errors import ConfigError
from rlbench.registry import installed

CONF_GROUP = "rlbench.conf"  # entry points whose values are packages of YAML files


def agent_config(name: str) -> dict[str, Any]:
    """What `conf/agent/<name>.yaml` would hold for an agent that is registered by that name: its
    class, and all of its settings at their defaults ("???" where one must be given)."""
    from pydantic import BaseModel, TypeAdapter  # 0.1 s, which --help needs not

    settings_class = getattr(AGENTS[name], "Settings", None)
    if not (isinstance(settings_class, type) and issubclass(settings_class, BaseModel)):
        raise ConfigError("agent", name, "an agent class whose Settings are a pydantic model")
    defaults = {
        key: "???" if field.is_required() else field.get_default(call_default_factory=True)
        for key, field in settings_class.model_fields.items()
    }
    params = TypeAdapter(dict[str, Any]).dump_python(defaults, mode="json")
    return {"name": name, "_target_": AGENTS.import_path(name), **params}


def conf_folders() -> list[Path]:
    """The folders of YAML files that packages bring, by the order of their names.

    A package is looked for, but not imported.
    """
    found: list[Path] = []
    for point in sorted(installed(CONF_GROUP)):
        top, *below = point.value.split(".")
        spec = importlib.util.find_spec(top)
        places = spec.submodule_search_locations if spec is not None else None
        found += [Path(place, *below) for place in places or ()]
    return found
