"""The data files that are kept for later runs. Built by bootstrap; a removed one is fetched again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reprise import uses
from reprise.adapters.data.shelf import DATA, KNOWN, PARTS, Shelf
from reprise.domain.retention import Item, Kind
from reprise.locks import if_free, is_free

_NAME = 64
"""Characters of a digest."""


class DataStorage:
    """The Storage port on the cache of data: ``<shelf>/<sha256>``, and what was never finished."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / DATA

    def kept(self) -> Iterator[Item]:
        for shelf in self._shelves():
            for place in sorted(shelf.iterdir()):
                if len(place.name) == _NAME and place.is_file():
                    user = uses.user_of(place)
                    needed = f"{user} uses it" if user is not None else None
                    name = f"{shelf.name}/{place.name}"
                    yield Item(Kind.DATA, name, place.stat().st_size, uses.last_use(place), needed)
            for part in sorted((shelf / PARTS).glob("*")):
                if len(part.name) == _NAME:
                    needed = None if is_free(part.with_suffix(".lock")) else "it is being fetched"
                    found = part.stat()
                    name = f"{shelf.name}/{PARTS}/{part.name}"
                    yield Item(
                        Kind.LEFTOVER,
                        name,
                        found.st_size,
                        datetime.fromtimestamp(found.st_mtime, UTC),
                        needed,
                    )

    def remove(self, item: Item) -> bool:
        place = self._folder / item.name
        if item.kind is Kind.DATA:
            return uses.remove_unused(place, since=item.used_at)
        with if_free(place.with_suffix(".lock")) as free:
            if free:
                place.unlink(missing_ok=True)
                place.with_name(place.name + ".tag").unlink(missing_ok=True)
            return free

    def tidy(self) -> None:
        for shelf in self._shelves():
            uses.sweep(shelf)
            for note in (shelf / KNOWN).glob("*"):
                known = Shelf(shelf).known_by(note.name)
                if known is None or not (shelf / known.sha256).exists():
                    note.unlink(missing_ok=True)

    def _shelves(self) -> list[Path]:
        return sorted(each for each in self._folder.glob("*") if each.is_dir())
