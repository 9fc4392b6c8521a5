"""Turns what Hydra and OmegaConf raise, which takes paragraphs, into one line naming the key."""

from __future__ import annotations

import difflib
import re
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.core.default_element import GroupDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException

from rlbench.config.folders import shown
from rlbench.errors import ConfigError, ConfigFileError, UnknownKeyError
from rlbench.extras import install_command

RENAMED = {  # keys that had other names
    "network": "agent.network",
    "env.thresholds": "env.levels",
    "agent.num_envs": "agent.num_lanes",
    "agent.normalise_observations": "agent.normalize_observations",
}
WRONG_CONTAINER = "Cannot merge DictConfig with ListConfig"  # whichever of the two was given
UNREADABLE = (yaml.YAMLError, UnicodeDecodeError, OSError)  # a file of no YAML, of no text, or none
NO_INDEX = ("is not an int", "invalid literal for int()")  # a name below a list
# Launchers of other packages, and the extra of rlbench that installs each.
LAUNCHERS = {"submitit_slurm": "slurm", "submitit_local": "slurm", "ray": "ray-sweeps"}
_NAMES_OF_AGENT = ("agent.name", "agent._target_")  # of its file, not to be set on a command line


@dataclass(frozen=True)
class Keys:
    """All keys of a configuration, and the name of the agent whose keys are among them."""

    agent: str = ""
    names: Sequence[str] = ()


def explain(error: Exception, overrides: Iterable[str], keys: Callable[[], Keys]) -> ConfigError:
    """`error` as a ConfigError. `overrides` were being composed; `keys()` gives all known keys."""
    if isinstance(error, ConfigError):
        return error
    file = _unreadable_file(error)
    if file is not None:
        return file
    if isinstance(error, RecursionError):
        takes = "files whose defaults, and whose values, do not lead back to themselves"
        return ConfigError("command line", " ".join(overrides), takes)
    given = _values(overrides)
    if isinstance(error, OverrideParseException):
        return _unreadable(str(error.override))
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _unknown_choice(error, given)
    found = _no_configuration(error) or _file_in_the_way(error) or _chosen_twice(error)
    if found is not None:
        return found
    text, unknown = str(error), not_overridden(error)
    if error.__cause__ is not None:
        text = f"{text}\n{error.__cause__}"
    if unknown is not None:
        below = re.search(rf"full_key: ({re.escape(unknown)}\.\S+)", text)  # KEY={NAME:VALUE}
        unknown = below[1] if below else unknown
        return unknown_key(unknown, given.get(unknown), keys())
    several = re.match(r"Ambiguous value for argument '([^'=]+)=(.*)'", text)
    several = several or re.match(r"Sweep parameters '([^'=]+)=(.*)' requires", text)
    if several:
        return ConfigError(several[1], several[2], "one value; with -m a sweep over several")
    if text.startswith("Config group override must be"):
        group = next((key for key, value in given.items() if value == "null"), "command line")
        return ConfigError(group, given.get(group), "the name of a file of this group")
    exists = re.match(r"Could not append to config. An item is already at '([^']+)'", text)
    if exists:
        return ConfigError(f"+{exists[1]}", given.get(exists[1]), f"no plus sign: {exists[1]}=…")
    merging = re.match(r"Error merging override ([^=\s]+)=\S*", text)
    blamed = next((key for key in given if key.startswith("hydra")), "command line")
    key = re.search(r"full_key: (\S+)", text)
    name = merging[1].lstrip("+~") if merging else key[1] if key else blamed
    if WRONG_CONTAINER in text and name in given:
        return _wrong_container(name, given[name], keys())
    if any(part in text for part in NO_INDEX):
        return _below_a_list(given, keys())
    reason = text[merging.end() :] if merging else text
    reason = _one_line(re.sub(r"\s*(full_key|object_type|reference_type)[:=].*", "", reason))
    if name == "command line":
        return ConfigError(name, " ".join(overrides), f"other words: {reason}")
    return ConfigError(name, given.get(name), f"another value: {reason}")


def _unreadable_file(error: Exception) -> ConfigFileError | None:
    """The error for a file that Hydra could not read; None for others. It does not say which."""
    if not isinstance(error, UNREADABLE):
        return None
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
    file = next((found["full_path"] for found in reversed(frames) if "full_path" in found), None)
    return None if file is None else unreadable(Path(str(file)), error)


def unreadable(file: Path, error: Exception) -> ConfigFileError:
    """The error for a file of which UNREADABLE was raised."""
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f", line {mark.line + 1}"
    reasons = (getattr(error, name, None) for name in ("problem", "strerror", "reason"))
    why = next((str(reason) for reason in reasons if reason), type(error).__name__)
    what = "cannot be opened" if isinstance(error, OSError) else f"is no YAML{line}"
    return ConfigFileError(shown(file), None, f"{what} ({_one_line(why)})")


def _no_configuration(error: Exception) -> ConfigError | None:
    """The error for a --config-path that leads nowhere; None for others."""
    if not str(error).startswith("Primary config"):
        return None
    path = re.search(r"'([^']+)'", str(error))
    takes = "a folder or a package of YAML files, and there is none at this path"
    return ConfigError("--config-path", path[1] if path else "", takes)


def _file_in_the_way(error: Exception) -> ConfigFileError | None:
    """The error for a file whose values or defaults do not fit; None for others."""
    text, file = str(error), _named_file(error)
    if not file:
        return None
    if error.__cause__ is not None or error.__context__ is not None:
        text = f"{text}\n{error.__cause__ or error.__context__}"
    key = re.search(r"full_key: (\S+)", text)
    why = text.partition("\n")[2] if "while composing config" in text else text
    if WRONG_CONTAINER in text:
        why = "a list stands where keys are taken, or keys where a list is"
    why = re.sub(r"\s*(full_key|object_type|reference_type)[:=].*", "", why)
    place = f"{key[1]}: " if key else ""
    return ConfigFileError(file, None, f"{place}{_one_line(why)}")


def _chosen_twice(error: Exception) -> ConfigFileError | None:
    """The error for a file whose defaults choose from a group beside the choice that there is; None
    for others. Hydra does not say which file it is."""
    found = re.match(r"Multiple values for (\S+)\.\s|(\S+) appears more than once", str(error))
    if found is None:
        return None
    group, by = found[1] or found[2], list[str | None]()
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_create_defaults_tree_impl":
            root = frame.f_locals["root"]
            by += _choosing(group, root, frame.f_locals.get("children", ()))
            by += _choosing(group, root.parent, [root]) if root.parent else []
        elif frame.f_code.co_name == "ensure_no_duplicates_in_list":
            same = frame.f_locals["result"]
            by += [one.parent for one in same if one.override_key == group]
    files = [f"{name}.yaml" for name in by if name not in (None, "config")]
    takes = f"chooses {group} beside what is chosen already; `override /{group}: NAME` replaces it"
    return ConfigFileError(files[0] if files else "config.yaml", None, takes)


def _choosing(group: str, above: Any, nodes: Iterable[Any]) -> Iterator[str]:
    """The configurations below which a choice from `group` stands, of a part of Hydra's tree: the
    node `above`, and what is below it."""
    for below in nodes:
        node = getattr(below, "node", below)
        if isinstance(node, GroupDefault) and node.get_override_key() == group:
            yield "config" if above.node.is_virtual() else above.node.get_config_path()
        yield from _choosing(group, below, getattr(below, "children", None) or ())


def _named_file(error: Exception) -> str:
    """The file in a configuration folder that Hydra names as being wrong; "" where it names none,
    or what a word of the command line chooses from."""
    named = re.search(r"\b[Ii]n '([^']+)'", str(error))
    ours = named is None or named[1] == "config" or named[1].startswith("hydra/")
    return "" if ours or named is None else f"{named[1]}.yaml"


def _wrong_container(key: str, value: str, keys: Keys) -> ConfigError:
    """The error for a list in the place of keys with values, or the other way round."""
    below = [name.removeprefix(f"{key}.") for name in keys.names if name.startswith(f"{key}.")]
    names = ", ".join(name for name in below if "." not in name)
    if not value.startswith("["):
        return ConfigError(key, value, f"a list, as {key}=[VALUE,VALUE]")
    takes = f"the keys {names}" if names else "keys with values"
    takes += f", as +{key}.NAME=VALUE" if key == "env.kwargs" else ""
    return ConfigError(key, value, takes)


def _below_a_list(given: Mapping[str, str], keys: Keys) -> ConfigError:
    """The error for a key below one whose value is a list: the nearest to blame of those given."""
    for key, value in given.items():
        above = key.rpartition(".")[0]
        if above in keys.names and not any(name.startswith(f"{above}.") for name in keys.names):
            return UnknownKeyError(key, value, f"there is no such key; {above} takes a list")
    return ConfigError("command line", " ".join(given), "no key below one that takes a list")


def _unreadable(word: str) -> ConfigError:
    """The error for a word that Hydra's grammar does not take; where quotes help, it says so."""
    key, equals, value = word.partition("=")
    quoted = f"{key}='{value}'"
    if equals and not value.isprintable():
        return ConfigError(key, value, "a value without control characters, such as an end of line")
    if equals and value and not re.search(r"""[][{},'"\\]""", value) and _is_readable(quoted):
        takes = f'a value with such characters in quotes: "{quoted}"'
        return ConfigError(key, value, takes)
    return ConfigError("command line", word, "KEY=VALUE (see rlbench --help)")


def _is_readable(word: str) -> bool:
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def is_hydras(error: BaseException) -> bool:
    """Whether Hydra or OmegaConf raised `error`, rather than a mistake of our own."""
    last = deque(traceback.walk_tb(error.__traceback__), maxlen=1)
    module = last[0][0].f_globals.get("__name__", "") if last else ""
    reading = isinstance(error, RecursionError) or (
        isinstance(error, Exception) and _unreadable_file(error) is not None
    )
    return reading or module.partition(".")[0] in ("hydra", "omegaconf")


def not_overridden(error: Exception) -> str | None:
    """The key for which there was a value, but which the configuration does not have."""
    found = re.match(r"Could not override '([^']+)'", str(error))
    return found[1] if found else None


def unknown_key(key: str, got: object, keys: Keys) -> ConfigError:
    """The error for a key that does not exist, with its new name or the nearest one that does."""
    if RENAMED.get(key) in keys.names:
        return UnknownKeyError(key, got, f"the name of this key is {RENAMED[key]} now")
    if key.startswith("env.kwargs."):
        word = f"+{key}={'VALUE' if got is None else got}"
        return ConfigError(key, got, f"a plus sign in front where it is new: {word}")
    group, _, last = key.rpartition(".")
    # Of two keys with one last part, the one in the group that was given comes last and counts.
    ordered = sorted(keys.names, key=lambda name: name.rpartition(".")[0] == group)
    known = {name.rpartition(".")[2]: name for name in ordered if name not in _NAMES_OF_AGENT}
    near = [known[name] for name in difflib.get_close_matches(last, known, n=1, cutoff=0.7)]
    of_agent = keys.agent if key.startswith("agent.") else ""
    lists = f"`rlbench agent={of_agent} --help` lists its keys" if of_agent else ""
    meant = f"did you mean {near[0]}?" if near else lists or "`rlbench --help` lists the keys"
    whose = f" for {of_agent}" if of_agent else ""
    return UnknownKeyError(key, got, f"there is no such key{whose}; {meant}")


def refuse_old_names(values: Mapping[str, Any]) -> None:
    """Raises ConfigError for the first key of a composed configuration that has another name now;
    a file may set any key, and so may a plus sign."""
    keys = keys_of(values)
    for old, new in RENAMED.items():
        if old in keys.names and new in keys.names:
            node: Any = values
            for part in old.split("."):
                node = node[part]
            raise unknown_key(old, node, keys)


def keys_of(values: Mapping[str, Any]) -> Keys:
    """The keys of a composed configuration."""
    agent = values.get("agent")
    name = agent.get("name") if isinstance(agent, Mapping) else None
    return Keys(str(name or ""), [key for key, _ in flat(values)])


def flat(node: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Each key of a configuration, with its dots, and its value; groups before what is in them."""
    for key, value in node.items():
        yield f"{prefix}{key}", value
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")


def _unknown_choice(error: MissingConfigException, given: Mapping[str, str]) -> ConfigError:
    missing = str(error.missing_cfg_file)
    group, _, name = missing.rpartition("/")
    for key, value in given.items():  # a name may have slashes itself
        if f"{key}/{value}" == missing and key != group:
            takes = f"the name of a file in {key}/, which may be in a folder there"
            return ConfigError(key, value, takes)
    options = sorted(error.options or ())
    near = difflib.get_close_matches(name, options, n=1)
    takes = " or ".join(part for part in (", ".join(options[:-1]), *options[-1:]) if part)
    meant = f"; did you mean {near[0]}?" if near else ""
    if not group:
        return ConfigError("--config-name", name, "the name of a file in the configuration folder")
    takes = (takes or "nothing here: the group is empty") + meant
    if group == "hydra/launcher" and name in LAUNCHERS:
        takes += f"; {name} needs `{install_command(LAUNCHERS[name])}`"
    return ConfigError(group, name, takes, _named_file(error))


def _values(overrides: Iterable[str]) -> dict[str, str]:
    """The given values by key; the last one counts, as in Hydra."""
    pairs = (override.partition("=") for override in overrides)
    return {key.lstrip("+~"): value for key, _, value in pairs}


def _one_line(text: str) -> str:
    return " ".join(text.split())
