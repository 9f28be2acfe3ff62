"""Reads a requirements file for this backend. Pure. Called by recipes.py."""

from reprise.domain import requirement_file
from reprise.domain.requirement_file import Requirements, Unusable
from reprise.domain.run import Reason
from reprise.ports import Failed

__all__ = ["Requirements", "parse"]


def parse(text: str, path: str, *, tree: str) -> Requirements | Failed:
    """As `requirement_file.parse`; a line that cannot be used is the repository's fault."""
    parsed = requirement_file.parse(text, path, tree=tree)
    return Failed(Reason.LOCK_MISSING, parsed.message) if isinstance(parsed, Unusable) else parsed
