"""Which environment ids exist here, and what to say of one that does not."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec, parse_env_id

from rlbench.envs.suite_tasks import BENCHMARK
from rlbench.errors import ConfigError, StuckError
from rlbench.extras import install_command
from rlbench.published.levels import published_levels
from rlbench.registry import import_failure

_ATARI_ID = re.compile(
    r"(?P<ale>ALE/)?(?P<game>\w+?)(?P<ram>-ram)?(NoFrameskip|Deterministic)?-v\d+"
)
DM_ENV = "dm_env:"
_DM_ENV_ID = re.compile(r"dm_env:\w+(\.\w+)*:\w+")
_DM_CONTROL_ID = re.compile(r"dm_control/\w+-\w+-v0")
DM_CONTROL_STEPS = 1000  # of an episode: all tasks of the suite's benchmark
# Package that an environment needs: extra of rlbench that brings it.
EXTRAS = {"mujoco": "mujoco", "minatar": "minatar", "dm_control": "dm_control"}
NEEDS = {  # folder of gymnasium.envs, or another package: package it imports
    "box2d": "Box2D",
    "minatar": "minatar",
    "mujoco": "mujoco",
    "phys2d": "jax",
    "tabular": "jax",
}
MINATAR_GAMES = ("asterix", "breakout", "freeway", "seaquest", "space_invaders")
TITLES = {
    "classic_control": "Classic control",
    "box2d": "Box2D",
    "toy_text": "Toy text",
    "mujoco": "MuJoCo",
    "minatar": "MinAtar",
    "dm_control": "DeepMind Control Suite",
    "phys2d": "Classic control on JAX",
    "tabular": "Toy text on JAX",
}


@dataclass(frozen=True)
class Entry:
    """An id that can be asked for: its family, level and step cap, and the package it lacks."""

    id: str
    family: str
    threshold: float | None
    max_episode_steps: int | None
    missing: str | None = None  # a package that is not installed


def find_spec(env_id: str) -> EnvSpec:
    """Gymnasium's specification of `env_id`, importing what registers it where needed.

    Raises ConfigError naming near ids, the successor of an old version, or what to install.
    """
    ensure_registered(env_id)
    instead = _atari_instead(env_id)
    if instead is not None:
        raise ConfigError("env", env_id, instead)
    spec = gymnasium.registry.get(registered_name(env_id))
    if spec is None or _is_retired(spec):
        raise ConfigError("env", env_id, suggest_env(env_id))
    package = _missing_package(spec)
    if package is not None:
        raise ConfigError("env", env_id, f"what is installed; for this one: {_install(package)}")
    return spec


def ensure_registered(env_id: str) -> None:
    """Have Gymnasium know `env_id`: import its package, or register what packages do not.

    Raises ConfigError where the package of a `PACKAGE:ID` cannot be imported.
    """
    if env_id.startswith(DM_ENV):
        if _DM_ENV_ID.fullmatch(env_id) is None:
            raise ConfigError("env", env_id, "dm_env:MODULE:NAME, as dm_env:my.module:MyEnv")
        _register(registered_name(env_id), "rlbench.envs.dm_envs:by_name", env_id)
        return
    _import_package(env_id)
    if _DM_CONTROL_ID.fullmatch(env_id):
        _register_task(env_id)
    elif registered_name(env_id) not in gymnasium.registry:
        _register_games()


def registered_name(env_id: str) -> str:
    """The name by which Gymnasium has what `env_id` stands for, once it is registered."""
    if env_id.startswith(DM_ENV):
        return f"dm_env/{env_id.removeprefix(DM_ENV).replace(':', '.')}"
    return env_id.rpartition(":")[2]


def _register(name: str, maker: str, env_id: str, max_episode_steps: int | None = None) -> None:
    if name not in gymnasium.registry:
        kwargs = {"env_id": env_id}
        gymnasium.register(name, maker, max_episode_steps=max_episode_steps, kwargs=kwargs)


def _register_task(env_id: str) -> None:
    """A task of the Control Suite; whether there is one is seen when it is built."""
    _register(env_id, "rlbench.envs.dm_control:suite_task", env_id, DM_CONTROL_STEPS)


def suggest_env(env_id: str) -> str:
    """What could be given in place of `env_id`, which is not there."""
    _register_games()
    name = env_id.rpartition(":")[2]
    base, version = _split(name)
    # It may be the id of a package that is not named, whatever it looks like.
    is_bare = ":" not in env_id and env_id.isprintable()
    package = f" (one of an installed package is env=PACKAGE:{env_id})" if is_bare else ""
    versions = [spec for spec in _living() if _split(spec.id)[0] == base]
    if versions:
        newest = max(versions, key=lambda spec: spec.version or 0)
        if version is not None and version < (newest.version or 0):
            return f"its successor {newest.id} (version {version} is deprecated)"
        return f"{newest.id}, the newest version{package}"
    module = env_id.rpartition(":")[0].partition(".")[0]
    if module and not any(_package(spec) == module for spec in gymnasium.registry.values()):
        return (
            f"an id that importing {module} registers, and it registers none; where a function of "
            "it does that, write a module that calls the function, and give env=MODULE:ID"
        )
    near = near_names(name, (spec.id for spec in _living()))
    meant = f"did you mean {near}?" if near else "`rlbench envs` lists them"
    return f"the id of an environment that Gymnasium has here; {meant}{package}"


def near_names(name: str, names: Iterable[str], limit: int = 3) -> str:
    """The members of `names` most like `name`, newest versions only, joined by "or"; maybe ""."""
    by_key: dict[str, str] = {}
    for candidate in sorted(names, key=lambda n: _split(n)[1] or 0):
        base = _split(candidate)[0]
        by_key[base.lower()] = candidate
        by_key.setdefault(base.rpartition("/")[2].lower(), candidate)
    asked = _split(name)[0].lower()
    keys = [asked] if asked in by_key else []
    keys += difflib.get_close_matches(asked, by_key, n=2 * limit, cutoff=0.7)
    found = list(dict.fromkeys(by_key[key] for key in keys))[:limit]
    return " or ".join(found)


def _atari_instead(env_id: str) -> str | None:
    """What to give in place of another id of a game: those from before ALE/…-v5 show whole frames
    that nothing has preprocessed, or the memory."""
    found = _ATARI_ID.fullmatch(env_id.rpartition(":")[2])
    if found is None or (found["ale"] and not found["ram"]):
        return None
    _register_games()
    game = f"ALE/{found['game']}-v5"
    if game not in gymnasium.registry:
        return None
    if found["ram"]:
        return f"{game} with +env.kwargs.obs_type=ram for the game's memory"
    return f"{game}, whose frames are preprocessed here (docs/environments.md says how)"


def _threshold(spec: EnvSpec) -> float | None:
    published = published_levels(spec.id)
    if published is not None:
        return published.threshold
    own = spec.reward_threshold  # a stranger's package may have registered anything
    usable = isinstance(own, int | float) and not isinstance(own, bool) and math.isfinite(own)
    return own if usable else None


def entries() -> list[Entry]:
    """The newest version of every environment, by family, those that lack a package included."""
    _register_games()
    for task in BENCHMARK:
        _register_task(f"dm_control/{task}-v0")
    newest: dict[str, EnvSpec] = {}
    for spec in _living():
        base = _split(spec.id)[0]
        if base not in newest or (newest[base].version or 0) < (spec.version or 0):
            newest[base] = spec
    found = [
        Entry(
            id=spec.id,
            family=_family(spec),
            threshold=_threshold(spec),
            max_episode_steps=spec.max_episode_steps,
            missing=_missing_package(spec),
        )
        for spec in newest.values()
    ]
    families = list(dict.fromkeys([*TITLES.values(), *(entry.family for entry in found)]))
    return sorted(found, key=lambda entry: (families.index(entry.family), entry.id))


def _living() -> list[EnvSpec]:
    """What is worth naming: neither retired nor Atari under a name from before ALE/…-v5."""
    return [
        spec
        for spec in gymnasium.registry.values()
        if not _is_retired(spec) and (spec.namespace or _folder(spec) != "ale_py")
    ]


def _is_retired(spec: EnvSpec) -> bool:
    """Gymnasium keeps some old ids only to say where they went: their entry point raises."""
    return getattr(spec.entry_point, "__name__", "").startswith("_raise_")


def _import_package(env_id: str) -> None:
    module, colon, _ = env_id.rpartition(":")
    if not colon:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        lacks = error.name or module
        takes = f"PACKAGE:ID; there is no package {lacks!r}, installed or in this folder"
        raise ConfigError("env", env_id, takes) from None
    except (KeyboardInterrupt, StuckError):
        raise
    except BaseException as error:  # a stranger's package may raise anything, even SystemExit
        takes = f"PACKAGE:ID; importing {module} failed: {import_failure(error)}"
        raise ConfigError("env", env_id, takes) from None


def _register_games() -> None:
    """The ids of Atari and MinAtar, whose packages register nothing of themselves."""
    import ale_py  # 0.1 s, and hundreds of ids: only where one of them may be meant

    gymnasium.register_envs(ale_py)
    # As `minatar.gym.register_envs` does, which imports libraries for drawing that take seconds.
    for game in MINATAR_GAMES:
        name = f"MinAtar/{game.title().replace('_', '')}"
        for version, minimal in enumerate((False, True)):
            env_id, kwargs = f"{name}-v{version}", {"game": game, "use_minimal_action_set": minimal}
            if env_id not in gymnasium.registry:
                gymnasium.register(env_id, "minatar.gym:BaseEnv", kwargs=kwargs)


def _missing_package(spec: EnvSpec) -> str | None:
    package = "dm_control" if spec.namespace == "dm_control" else NEEDS.get(_folder(spec))
    if package is None or importlib.util.find_spec(package) is not None:
        return None
    return package


def _install(package: str) -> str:
    extra = EXTRAS.get(package)
    return install_command(extra) if extra else f"pip install {package}"


def entry_module(spec: EnvSpec) -> str:
    """The module that defines the environment, "" where the specification names none."""
    entry_point = spec.entry_point
    if isinstance(entry_point, str):
        return entry_point.partition(":")[0]
    return str(getattr(entry_point, "__module__", ""))


def registration(spec: EnvSpec) -> dict[str, Any]:
    """What an id stands for, as JSON values, so that a run's record shows whether another package
    had put something else in its place. An argument that is no scalar is given by its type."""
    scalar = (str, int, float, bool, type(None))
    return {
        "module": entry_module(spec),
        "kwargs": {
            str(name): value if isinstance(value, scalar) else type(value).__name__
            for name, value in spec.kwargs.items()
        },
        "wrappers": [wrapper.name for wrapper in spec.additional_wrappers],
        "max_episode_steps": spec.max_episode_steps,
    }


def _package(spec: EnvSpec) -> str:
    return entry_module(spec).partition(".")[0]


def _folder(spec: EnvSpec) -> str:
    module = entry_module(spec).split(".")
    return module[2] if module[:2] == ["gymnasium", "envs"] and len(module) > 2 else module[0]


def _family(spec: EnvSpec) -> str:
    folder = spec.namespace if spec.namespace == "dm_control" else _folder(spec)
    return TITLES.get(folder, "Atari" if folder == "ale_py" else folder)


def _split(env_id: str) -> tuple[str, int | None]:
    """`CartPole-v1` as ("CartPole", 1); without a version the number is None."""
    try:
        namespace, name, version = parse_env_id(env_id)
    except gymnasium.error.Error:
        return env_id, None
    return f"{namespace}/{name}" if namespace else name, version
