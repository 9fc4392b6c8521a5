"""Names of built-in objects and of what packages add, found through real package metadata."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbench.errors import ConfigError
from rlbench.registry import Registry, _read
from support.packages import install

Add = Callable[..., None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Install a package with some things, and a module with a given text."""

    def add(package: str, *things: str, text: str = "THING = 7") -> None:
        groups, files = {"rlbench.test_things": things}, {f"{package}_module.py": text}
        install(tmp_path / package, monkeypatch, package, groups, files)

    return add


def things() -> Registry[object]:
    built_in = {"square": "math:sqrt", "circle": "math:pi"}
    return Registry("thing", "rlbench.test_things", built_in)


def test_built_in_names_come_first_and_in_their_order(add: Add) -> None:
    add("extra", "zebra = extra_module:THING", "ape = extra_module:THING")
    assert list(things()) == ["square", "circle", "ape", "zebra"]
    assert "ape" in things() and "square" in things() and "cube" not in things()


def test_the_packages_are_read_once_for_all_groups_and_again_when_one_comes(add: Add) -> None:
    add("early", "ape = early_module:THING")
    before = _read.cache_info().misses
    assert "ape" in things() and "ape" not in Registry("other", "rlbench.test_others", {})
    assert _read.cache_info().misses == before + 1
    add("later", "zebra = later_module:THING")
    assert "zebra" in things()


def test_a_package_is_imported_only_when_it_is_asked_for(add: Add) -> None:
    add("late", "ape = late_module:THING")
    assert list(things()) == ["square", "circle", "ape"]
    assert things()["circle"] == 3.141592653589793
    assert "late_module" not in sys.modules
    assert things()["ape"] == 7
    assert "late_module" in sys.modules


def test_an_unknown_name_lists_all_and_the_nearest(add: Add) -> None:
    add("near", "triangle = near_module:THING")
    with pytest.raises(ConfigError) as raised:
        things()["triangel"]
    expected = "thing: got 'triangel'; takes square, circle or triangle; did you mean triangle?"
    assert str(raised.value) == expected


def test_a_package_cannot_replace_a_built_in_object(add: Add) -> None:
    add("thief", "circle = thief_module:THING")
    assert list(things()) == ["square", "circle"]
    assert things()["circle"] == 3.141592653589793


def test_a_name_of_two_packages_is_an_error_that_names_both(add: Add) -> None:
    add("one", "ape = one_module:THING")
    add("two", "ape = two_module:THING")
    with pytest.raises(ConfigError, match=r"taken once: it is of one 1\.5 and two 1\.5"):
        things()["ape"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("raise OSError('no disk')", "OSError: no disk"), ("", "has no attribute 'THING'")],
)
def test_a_broken_package_is_an_error_that_names_it(add: Add, text: str, shown: str) -> None:
    package = f"broken{len(text)}"
    add(package, f"ape = {package}_module:THING", text=text)
    with pytest.raises(ConfigError, match=shown) as raised:
        things()["ape"]
    assert f"{package} 1.5" in str(raised.value)
