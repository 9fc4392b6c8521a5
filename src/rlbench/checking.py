"""Plain values against settings classes: the first mistake becomes one line that names the key,
what it got and what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rlbench.errors import ConfigError, UnknownKeyError

M = TypeVar("M", bound=BaseModel)

UNKNOWN_KEY = "extra_forbidden"  # what pydantic calls it


def check(cls: type[M], values: dict[str, Any], where: str = "") -> M:
    """An instance of `cls` from plain `values`.

    Raises ConfigError naming the first bad key (below `where`), what it got and what it takes.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        # A value of several types gives an error for each of them, under names of pydantic's.
        first = error.errors(include_url=False)[0]
    loc, annotation = first["loc"], None
    unknown = first["type"] == UNKNOWN_KEY
    if not unknown:
        loc, annotation = _field(cls, loc)
    key = ".".join(str(part) for part in (where, *loc) if part != "") or "configuration"
    got = _value(values, loc, first["input"])
    if unknown:
        raise UnknownKeyError(key, got, "there is no such key") from None
    raise ConfigError(key, got, _takes(first, annotation)) from None


def accepted(annotation: Any) -> str:
    """The values that a type of a setting admits, in words: "auto or a whole number from 1 up"."""
    *first, last = dict.fromkeys(_alternatives(annotation))
    return f"{', '.join(first)} or {last}" if first else last


def allows_boolean(annotation: Any) -> bool:
    """Whether true and false are among the values of a type, or of the items of a list."""
    if annotation is bool or annotation == Any:
        return True
    return any(allows_boolean(part) for part in get_args(annotation) if part is not Ellipsis)


def _field(cls: Any, loc: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], Any]:
    """The part of an error's `loc` that names keys, and the type of the last one, or None."""
    annotation: Any = None
    for depth, part in enumerate(loc):
        if not (isinstance(cls, type) and str(part) in (types := _types(cls))):
            return loc[: depth or None], annotation
        cls = annotation = types[str(part)]
    return loc, annotation


def _types(cls: type) -> dict[str, Any]:
    """The type of each key of a settings class, with its bounds."""
    if not issubclass(cls, BaseModel):
        return {}
    return {name: _of_field(field) for name, field in cls.model_fields.items()}


def _of_field(field: FieldInfo) -> Any:
    if not field.metadata:
        return field.annotation
    return Annotated[field.annotation, *field.metadata]


def _value(values: Any, loc: Iterable[int | str], otherwise: Any) -> Any:
    """What `values` hold under the keys `loc`."""
    for part in loc:
        if not isinstance(values, Mapping) or part not in values:
            return otherwise
        values = values[part]
    return values


def _takes(error: Any, annotation: Any) -> str:
    if error["type"] == "missing":
        return "a value, which is missing"
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if annotation is not None:
        return accepted(annotation)
    message = str(error["msg"]).removeprefix("Input should be ").removeprefix("Input should ")
    return message[:1].lower() + message[1:]


def _alternatives(annotation: Any, bounds: tuple[Any, ...] = ()) -> list[str]:
    """What a type admits, one phrase for each alternative, words that stand for a choice first."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _alternatives(arguments[0], (*arguments[1:], *bounds))
    if origin in (Union, UnionType):
        choices_first = sorted(arguments, key=lambda part: repr(get_origin(part)) != repr(Literal))
        return [words for part in choices_first for words in _alternatives(part, bounds)]
    if origin is Literal:
        return [str(value) for value in arguments]
    if origin in (tuple, list):
        (item,) = _alternatives(arguments[0], bounds)
        return [f"a list [{item}, ...]"]
    if annotation in (int, float):
        noun = "a whole number" if annotation is int else "a number"
        return [noun + _range(annotation, bounds)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [f"the keys {', '.join(annotation.model_fields)}"]
    words = {bool: ["true", "false"], NoneType: ["null"], str: ["text"], Path: ["a path"]}
    return words.get(annotation, ["keys with values" if origin is dict else "another value"])


def _range(kind: type, bounds: tuple[Any, ...]) -> str:
    """The bounds of a number in words; a whole number's are inclusive."""
    given: dict[str, Any] = {}
    for bound in bounds:
        # The constraints of a `Field(...)` within a type are in a nested list.
        for constraint in bound.metadata if isinstance(bound, FieldInfo) else (bound,):
            for name in ("gt", "ge", "lt", "le"):
                if hasattr(constraint, name):
                    given[name] = getattr(constraint, name)
    if kind is int:
        if "gt" in given:
            given["ge"] = given.pop("gt") + 1
        if "lt" in given:
            given["le"] = given.pop("lt") - 1
    shown = {name: _number(bound) for name, bound in given.items()}
    low = f" from {shown['ge']}" if "ge" in given else ""
    low = f" above {shown['gt']}" if "gt" in given else low
    high = f" to {shown['le']}" if "le" in given else ""
    high = f" to below {shown['lt']}" if "lt" in given else high
    if low and high:
        return low + high
    return f" up{high}" if high else f"{low} up" if "ge" in given else low


def _number(bound: float) -> str:
    """1e9 as 1000000000; what has more digits than anyone counts stays as it is."""
    return str(int(bound)) if float(bound).is_integer() and abs(bound) < 1e16 else str(bound)
