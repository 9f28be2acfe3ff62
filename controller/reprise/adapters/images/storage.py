"""What images keep: records, the images themselves, what crashes left. Built by bootstrap.

An image stays while somebody uses its record: a run that goes on, or one whose files are kept, because its
verdict names the digest. Safe beside builds of any process: removed under the lock that its makers take.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reprise import uses
from reprise.adapters.images import records
from reprise.adapters.images.builder import BENCH, IMAGES
from reprise.adapters.images.places import Place
from reprise.adapters.images.records import Record
from reprise.domain.retention import Item, Kind
from reprise.locks import if_free, is_free
from reprise.sizes import bytes_in


class ImageStorage:
    """The Storage port on images; ``place`` is where the builder puts them."""

    def __init__(self, cache: Path, place: Place) -> None:
        self._cache = cache
        self._folder = cache / IMAGES
        self._place = place

    def kept(self) -> Iterator[Item]:
        for folder in records.places(self._folder):
            record = records.load(folder)
            size = bytes_in(folder) + (record.bytes if record is not None else 0)
            yield Item(Kind.ENVIRONMENT, folder.name, size, uses.last_use(folder), _needed(folder))
        for bench in self._cache.glob(f"{BENCH}*"):
            changed = datetime.fromtimestamp(bench.stat().st_mtime, UTC)
            yield Item(Kind.LEFTOVER, bench.name, bytes_in(bench), changed)

    def remove(self, item: Item) -> bool:
        """The record first: without it nobody is offered the image, whatever happens to the rest."""
        if item.kind is not Kind.ENVIRONMENT:
            uses.remove_whole(self._cache / item.name)
            return True
        folder = self._folder / item.name
        with if_free(records.lock(folder)) as free:
            record = records.load(folder)
            if not free or not uses.remove_unused(folder, since=item.used_at):
                return False
            if record is not None and not self._is_shared(record):
                self._place.remove(record)
        return True

    def tidy(self) -> None:
        if self._folder.is_dir():
            uses.sweep(self._folder)
        uses.sweep(self._cache)

    def _is_shared(self, record: Record) -> bool:
        """Different files may lead to the same bytes."""
        others = map(records.load, records.places(self._folder))
        return any(other is not None and other.location == record.location for other in others)


def _needed(folder: Path) -> str | None:
    user = uses.user_of(folder)
    if user is not None:
        return f"{user} uses it"
    return None if is_free(records.lock(folder)) else "it is being built"
