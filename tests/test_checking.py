"""Settings are checked in one line: what a type admits, in words, and which values are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, PositiveInt

from rlbench.checking import accepted, check
from rlbench.errors import ConfigError
from rlbench.settings import AUTO, Auto, Frozen, resolve


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "a whole number"),
        (float | None, "a number or null"),
        (PositiveInt, "a whole number from 1 up"),
        (Annotated[int, Field(ge=0, lt=10)], "a whole number from 0 to 9"),
        (Annotated[float, Field(gt=0)], "a number above 0"),
        (Annotated[float, Field(ge=0, lt=1)], "a number from 0 to below 1"),
        (Annotated[float, Field(le=2)], "a number up to 2"),
        (Annotated[float, Field(gt=0.5, le=1e9)], "a number above 0.5 to 1000000000"),
        (Annotated[float, Field(ge=-1e30)], "a number from -1e+30 up"),
        (PositiveInt | Auto, "auto or a whole number from 1 up"),
        (Literal["auto", "adaptive"] | PositiveInt | None, "auto, adaptive, a whole number from 1 "
         "up or null"),
        (Auto | bool, "auto, true or false"),
        (tuple[PositiveInt, ...], "a list [a whole number from 1 up, ...]"),
        (str, "text"),
        (Path, "a path"),
        (dict[str, Any], "keys with values"),
    ],
)  # fmt: skip
def test_a_type_in_words(annotation: Any, words: str) -> None:
    assert accepted(annotation) == words


class Inner(Frozen):
    share: float = Field(0.5, ge=0, le=1)


class Outer(Frozen):
    inner: Inner = Inner()
    lanes: Auto | PositiveInt = AUTO
    widths: tuple[int, ...] = ()
    flag: bool = False


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"lanes": 0}, "agent.lanes: got 0; takes auto or a whole number from 1 up"),
        ({"lanes": True}, "agent.lanes: got true; takes auto or a whole number from 1 up"),
        ({"widths": [1, True]}, "agent.widths: got [1, True]; takes a list [a whole number, ...]"),
        ({"inner": {"share": 2}}, "agent.inner.share: got 2; takes a number from 0 to 1"),
        ({"inner": {"shar": 2}}, "agent.inner.shar: there is no such key"),
        ({"inner": 3}, "agent.inner: got 3; takes the keys share"),
        ({"flag": "maybe"}, "agent.flag: got 'maybe'; takes true or false"),
    ],
)
def test_the_first_mistake_names_the_key_what_it_got_and_what_it_takes(
    values: dict[str, Any], error: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check(Outer, values, "agent")
    assert str(caught.value) == error


def test_auto_and_only_auto_is_resolved() -> None:
    assert (resolve("auto", 7), resolve(3, 7), resolve(None, 7)) == (7, 3, None)
    assert check(Outer, {}).lanes == "auto" and check(Outer, {"lanes": 2}).lanes == 2
