"""The small parts of a crate: references, times and numbers as schema.org writes them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from reprise.adapters.evidence.plain import short

Properties = dict[str, Any]

COMPLETED = "http://schema.org/CompletedActionStatus"
FAILED = "http://schema.org/FailedActionStatus"
"""Plain strings: a reference to them is not understood by those who check crates."""


def ref(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def refs(identifiers: Sequence[str]) -> Any:
    """One reference, or a list of several: a list of one is frowned upon."""
    listed = [ref(each) for each in dict.fromkeys(identifiers)]
    return listed[0] if len(listed) == 1 else listed


def file_id(name: str) -> str:
    """A path inside the crate as the reference that it needs."""
    return quote(name)


def fragment(*parts: object) -> str:
    """An identifier inside the crate."""
    return "#" + "-".join(quote(short(str(part)), safe="") for part in parts)


def value_of(name: str, value: object, *, unit: str | None = None) -> Properties:
    made = {"@type": "PropertyValue", "name": short(name), "value": _plain(value)}
    return {**made, "unitText": unit} if unit is not None else made


def _plain(value: object) -> object:
    return short(value) if isinstance(value, str) else value
