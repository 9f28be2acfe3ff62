"""Pieces of messages: where something stands, several things in a row, the command that mends a lock."""

import re
from collections.abc import Sequence

MOST_LISTED = 5
LONGEST_SHOWN = 80

_ACCOUNT = re.compile(r"://[^/@\s]+@")


def line_of(text: str, key: str) -> int:
    """Of the first ``key:`` of a YAML file that is no comment, from 1; 1 where there is none."""
    return _first(text, key) or 1


def has_key(text: str, key: str) -> bool:
    return _first(text, key) is not None


def compiling(lock: str, source: str | None = None) -> str:
    """The command that makes such a lock, to be shown."""
    made_from = source or f"{lock.removesuffix('.txt')}.in"
    return f"`uv pip compile --universal --generate-hashes {made_from} -o {lock}`"


def shown(text: str) -> str:
    """Short, and without what may be a password in an address."""
    safe = _ACCOUNT.sub("://…@", text)
    return safe if len(safe) <= LONGEST_SHOWN else f"{safe[: LONGEST_SHOWN - 1]}…"


def listed(texts: Sequence[str]) -> str:
    """A few, and how many more."""
    unique = list(dict.fromkeys(texts))
    shown = ", ".join(f"`{text}`" for text in unique[:MOST_LISTED])
    return shown if len(unique) <= MOST_LISTED else f"{shown} and {len(unique) - MOST_LISTED} more"


def _first(text: str, key: str) -> int | None:
    wanted = re.compile(rf"(?:^|[\s{{,\"'-]){re.escape(key)}[\"']?\s*:")
    for number, line in enumerate(text.splitlines(), 1):
        if wanted.search(line.partition(" #")[0]) and not line.lstrip().startswith("#"):
            return number
    return None
