"""The folders of YAML files that a configuration comes from; Hydra is not needed to find them."""

from __future__ import annotations

import sys
from pathlib import Path

from rlbench.config.packages import conf_folders
from rlbench.errors import ConfigError

OWN = Path("conf")
GROUPS = {"agent", "env", "experiment", "experiment_agent", "games", "tuned"}


def conf_dir() -> Path:
    """The folder `conf`: inside the package when installed from a wheel, else the checkout's."""
    return _shipped("conf")


def template_dir() -> Path:
    """What `rlbench init` copies: inside the package when installed, else the checkout's."""
    return _shipped("template")


def config_folder(key: str, path: str | Path) -> Path:
    """The folder that `key` names, in full. Raises ConfigError where there is none."""
    if not Path(path).is_dir():
        raise ConfigError(key, str(path), "a folder of YAML files, and there is none at this path")
    return Path(path).resolve()


def own_folder() -> Path | None:
    """`conf` in the working directory, in full, where it looks like one of ours: nothing in it but
    folders that rlbench knows and files that do not configure a whole program. None: there is none,
    or it is the folder of the checkout itself."""
    if not OWN.is_dir() or OWN.resolve() == conf_dir().resolve():
        return None
    folders = {path.name for path in OWN.iterdir() if path.is_dir() and path.name[0] not in "._"}
    if not folders or folders - GROUPS or any(OWN.glob("*.yaml")):
        return None
    return OWN.resolve()


def passed_over(folder: Path) -> list[str]:
    """The YAML files in a folder of the user's own, as they would be typed, that are not used:
    rlbench has one of the same name, and `conf` comes first. What is tuned is used all the same."""
    if folder.resolve() == conf_dir().resolve():
        return []
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*.yaml"))]
    return [
        shown(folder / name)
        for name in names
        if (conf_dir() / name).is_file() and name.parts[0] != "tuned"
    ]


def find_modules_beside(folder: Path | None) -> None:
    """Let Python find the modules that are beside a configuration folder, after all others: those
    that its files name. None: those in the working directory, as `python -m` finds them."""
    place = str(Path.cwd() if folder is None else folder.parent)
    if place not in sys.path:
        sys.path.append(place)


def search_folders(config_dir: Path | None = None) -> list[Path]:
    """All folders in which a YAML file is looked for, in this order; config_dir: of --config-dir,
    which stands in for `own_folder`."""
    mine = own_folder() if config_dir is None else config_dir
    return [conf_dir(), *([] if mine is None else [mine]), *conf_folders()]


def shown(file: Path) -> str:
    """The path of a file as a user would type it: from the working directory, where it is there."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _shipped(name: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    packaged = package / name
    return packaged if packaged.is_dir() else package.parents[1] / name
