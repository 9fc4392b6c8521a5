"""Things that are chosen by name: executors, networks, figures and the like.

What rlbench has is listed in code; what an installed package adds is found through the package's
entry points. Neither is imported before it is asked for.
"""

from __future__ import annotations

import difflib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Generic, TypeVar, cast

from rlbench.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """Objects of one kind by name.

    key: the key of the configuration that names one, for errors. group: the entry points of
    installed packages, as `rlbench.executors`. built_in: "module:attribute" by name; such a name
    always means the built-in object, so that no package can change what a known name does. has:
    attributes that each object must have.
    """

    def __init__(
        self, key: str, group: str, built_in: Mapping[str, str], has: tuple[str, ...] = ()
    ) -> None:
        self.key, self.group, self._has = key, group, has
        self._built_in = {name: EntryPoint(name, value, group) for name, value in built_in.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._built_in or name in self._installed()

    def __iter__(self) -> Iterator[str]:
        """The names: the built-in ones in their order, then those of packages in the alphabet's."""
        yield from self._built_in
        yield from sorted(self._installed().keys() - self._built_in.keys())

    def __getitem__(self, name: str) -> T:
        """The object of that name, imported now.

        Raises ConfigError where there is none, where two packages claim the name, where its module
        cannot be imported, and where it is an object of another kind.
        """
        point = self._built_in.get(name) or self._only(name)
        try:
            found = point.load()
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:  # a package's module may raise anything at all
            if point.dist is None:  # a mistake in rlbench itself, to be seen as one
                raise
            failed = import_failure(error)
            takes = f"one that can be used: {_package(point)} fails when it is imported ({failed})"
            raise ConfigError(self.key, name, takes) from error
        missing = next((part for part in self._has if not hasattr(found, part)), None)
        if missing is not None:
            takes = f"one that can be used: what {_package(point)} gives has no {missing!r}"
            raise ConfigError(self.key, name, takes)
        return cast(T, found)

    def import_path(self, name: str) -> str:
        """Where the object of that name is defined, as module.attribute; nothing is imported."""
        point = self._built_in.get(name) or self._only(name)
        return point.value.replace(":", ".")

    def package(self, name: str) -> str | None:
        """The package, or the packages, that give the object of that name; None: rlbench does."""
        if name in self._built_in:
            return None
        return " and ".join(sorted(map(_package, self._installed().get(name, []))))

    def _only(self, name: str) -> EntryPoint:
        points = self._installed().get(name, [])
        if not points:
            raise ConfigError(self.key, name, choices(name, self))
        if len(points) > 1:
            takes = f"a name that is taken once: it is of {self.package(name)}"
            raise ConfigError(self.key, name, takes)
        return points[0]

    def _installed(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for point in installed(self.group):
            found.setdefault(point.name, []).append(point)
        return found


def installed(group: str) -> Sequence[EntryPoint]:
    """The entry points of installed packages in one group.

    A package may come while a notebook runs, and reading what all have takes milliseconds: it is
    done again when a folder on the path has changed.
    """
    places = tuple((place, _changed_ns(Path(place))) for place in sys.path)
    return _read(places).get(group, ())


@lru_cache(maxsize=2)
def _read(places: tuple[tuple[str, int], ...]) -> dict[str, tuple[EntryPoint, ...]]:
    """Those of all groups that may be asked for: each reading opens the files of every package."""
    points = entry_points()
    groups = [group for group in points.groups if group.startswith("rlbench.")]
    return {group: tuple(points.select(group=group)) for group in groups}


def _changed_ns(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def import_failure(error: BaseException) -> str:
    """What was raised while a module was imported, in one line that names the file and the line."""
    (said, *_) = f"{type(error).__name__}: {error}".splitlines()
    if isinstance(error, SyntaxError):  # says where by itself
        return said
    places = [
        f"{Path(frame.f_code.co_filename).name}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>"
    ]
    return f"{said} ({places[-1]})" if places else said


def choices(asked: str, names: Iterable[str]) -> str:
    """`names` as "a, b or c", and which of them `asked` may have meant."""
    known = list(names)
    near = difflib.get_close_matches(asked, known, n=1)
    listed = " or ".join(part for part in (", ".join(known[:-1]), *known[-1:]) if part)
    meant = f"; did you mean {near[0]}?" if near else ""
    return (listed or "nothing: there is none here") + meant


def _package(point: EntryPoint) -> str:
    return "rlbench" if point.dist is None else f"{point.dist.name} {point.dist.version}"
