"""Which repository a working tree is for rehearsals, and what its ``origin`` is called on a forge."""

import hashlib
import os
import re
from pathlib import Path

from reprise.domain.run import Repository

_MOST_BYTES = 1 << 20
_ORIGIN = re.compile(r'^\s*\[remote "origin"\]\s*$(?:\n(?!\s*\[).*)*?\n\s*url\s*=\s*(\S+)', re.MULTILINE)
_FULL_NAME = re.compile(r"[:/]([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+?)(?:\.git)?/?$")


def repository_at(root: Path) -> Repository:
    """Rehearsals have no forge; a negative id never meets one of a forge's. ``root`` as git names it."""
    number = int.from_bytes(hashlib.sha256(os.fsencode(root)).digest()[:7], "big")
    return Repository(-number - 1, f"local/{root.name or 'repository'}", root.as_uri())


def root_of(path: Path) -> Path | None:
    """The working tree that a folder lies in; None where there is none."""
    folder = path.resolve()
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)


def origin(root: Path) -> str | None:
    """``owner/name`` as the remote's address ends; None where it cannot be told."""
    try:
        with (root / ".git" / "config").open("rb") as file:
            config = file.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return None
    address = _ORIGIN.search(config)
    name = _FULL_NAME.search(address[1]) if address else None
    return name[1] if name else None
