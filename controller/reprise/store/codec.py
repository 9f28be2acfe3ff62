"""Frozen dataclasses to JSON and back, for columns and for what crosses a durable step."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def dump(value: object) -> Any:
    """Plain JSON data of a dataclass, enum or None."""
    return None if value is None else _adapter(cast(Hashable, type(value))).dump_python(value, mode="json")


def load(kind: type[T], data: Any) -> T:
    """The inverse of `dump`. Raises pydantic.ValidationError when the data are of another version."""
    result: T = _adapter(cast(Hashable, kind)).validate_python(data)
    return result


def load_optional(kind: type[T], data: Any) -> T | None:
    return None if data is None else load(kind, data)
