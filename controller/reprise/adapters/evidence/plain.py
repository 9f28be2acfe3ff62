"""How values are written into evidence: JSON of one form, times in UTC, strangers' text without secrets."""

import json
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from reprise.domain.text import clean
from reprise.masking import mask
from reprise.ports import EvidenceRecord

_SHORT = 500


def to_json(value: object) -> bytes:
    """Keys sorted, UTF-8, a newline at the end. Raises ValueError for NaN and infinities."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def finite(number: float) -> float | str:
    """JSON has no word for the others: they become ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def at(moment: datetime) -> str:
    """ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat()


def at_millisecond(moment: datetime) -> str:
    """As those who check crates want it; cut, not rounded."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def short(text: str) -> str:
    """One printable line of a stranger's text."""
    cleaned = clean(text[: _SHORT * 8])
    return cleaned if len(cleaned) <= _SHORT else cleaned[: _SHORT - 1] + "…"


def masked(value: Any) -> Any:
    """The same data with secrets hidden in every text of it, names of fields included."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(key)): masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return value


def source_uri(record: EvidenceRecord) -> str:
    """The repository at its commit, as an absolute name.

    A folder of somebody's machine has no address that others could use: there the commit alone names it.
    """
    url = without_user(record.repository_url)
    return f"git+{url}@{record.commit}" if url else f"urn:git:commit:{record.commit}"


def without_user(url: str) -> str:
    """An http address without user and password; empty for any other."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}{mask(parts.path)}"
