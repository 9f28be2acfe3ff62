"""Images that trials pulled into the Engine: copies of what a registry has, so they may go.

A note for each says by which name it was asked for and, by its time, when it was used last. What a container
uses stays, because the Engine refuses to remove it.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reprise.containers.engine import Engine
from reprise.domain.retention import Item, Kind

FOLDER = "pulled"


def note(cache: Path, reference: str) -> None:
    """A trial uses it now. Raises OSError when that cannot be written."""
    path = _path(cache, reference)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reference)


class DockerStorage:
    """The Storage port on images that were pulled; those that were built are the builder's."""

    def __init__(self, engine: Engine, *, cache: Path) -> None:
        self._engine = engine
        self._cache = cache

    def kept(self) -> Iterator[Item]:
        for path in sorted((self._cache / FOLDER).glob("*")):
            image = self._engine.image(path.read_text())
            if image is not None:
                used = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield Item(Kind.ENVIRONMENT, path.name, image.bytes, used, None)

    def remove(self, item: Item) -> bool:
        path = self._cache / FOLDER / item.name
        try:
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return True
        if changed > item.used_at or not self._engine.remove_image(path.read_text()):
            return False
        path.unlink(missing_ok=True)
        return True

    def tidy(self) -> None:
        """Notes of images that somebody removed."""
        for path in (self._cache / FOLDER).glob("*"):
            if self._engine.image(path.read_text()) is None:
                path.unlink(missing_ok=True)


def _path(cache: Path, reference: str) -> Path:
    return cache / FOLDER / hashlib.sha256(reference.encode()).hexdigest()[:32]
