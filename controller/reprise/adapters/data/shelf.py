"""The cache: files by their sha256, each once, never changed. Shared by runs and controllers.

What was fetched with a secret stands on a shelf of its repository's own: a digest is no secret, and must not
be enough to be given the file.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from reprise import uses
from reprise.locks import locked

DATA = "data"
"""Folder of the cache."""
PARTS = ".parts"
KNOWN = ".known"
_LOCK_SECONDS = 24 * 3600.0
"""Another run may fetch the same for as long as it is allowed to; whoever waits looks at its own time."""


@dataclass(frozen=True, slots=True)
class Known:
    sha256: str
    revision: str | None
    asked_for: str | None = None
    """The tree for which the source was asked last."""


class Shelf:
    """Of everybody, or of one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for each in (folder, folder / PARTS, folder / KNOWN):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    @classmethod
    def of(cls, cache: Path, repository: str | None) -> "Shelf":
        """``repository``: whose secret opened it; None = nobody's."""
        folder = cache / DATA
        return cls(
            folder / "open" if repository is None else folder / f"of-{_digest(repository.lower())[:32]}"
        )

    def find(self, sha256: str, user: Path) -> Path | None:
        """The file, kept as long as ``user`` exists; None when it is not here."""
        place = self.folder / sha256
        if not place.exists():
            return None
        uses.use(place, user)
        return place if place.exists() else None

    def known(self, key: str) -> "Known | None":
        """What a source gave before."""
        return self.known_by(_digest(key))

    def known_by(self, name: str) -> "Known | None":
        try:
            found = json.loads((self.folder / KNOWN / name).read_text())
            return Known(str(found["sha256"]), found["revision"], found.get("asked_for"))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def know(self, key: str, known: "Known") -> None:
        place = self.folder / KNOWN / _digest(key)
        new = place.with_name(f"{place.name}.{secrets.token_hex(8)}.new")
        new.write_text(json.dumps(asdict(known)))
        new.replace(place)

    def part(self, key: str) -> Path:
        """Where bytes of this source arrive, under `alone`."""
        return self.folder / PARTS / _digest(key)

    def alone(self, key: str, waiting: Callable[[], None]) -> AbstractContextManager[int]:
        """Only one at a time fetches this. ``waiting`` is called until then and may raise."""
        lock = self.part(key).with_suffix(".lock")
        return locked(lock, timeout=_LOCK_SECONDS, waiting=waiting)

    def put(self, part: Path, sha256: str, user: Path) -> Path:
        """The checked part becomes a file of the cache, whole and at once."""
        place = self.folder / sha256
        uses.use(place, user)
        part.chmod(0o444)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(place)
        with suppress(FileNotFoundError):
            part.with_name(part.name + ".tag").unlink()
        return place


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
