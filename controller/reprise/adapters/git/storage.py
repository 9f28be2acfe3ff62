"""The clones that the git adapter keeps. Built by bootstrap; a removed one is fetched again when needed."""

from collections.abc import Iterator
from pathlib import Path

from reprise import uses
from reprise.domain.retention import Item, Kind
from reprise.locks import if_free, is_free
from reprise.sizes import bytes_in

SUBMODULES = "submodules"


class CloneStorage:
    """The Storage port on the folder of clones: ``<repository id>.git`` and those of submodules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self) -> Iterator[Item]:
        for place in (*self._folder.glob("*.git"), *self._folder.glob(f"{SUBMODULES}/*.git")):
            user = uses.user_of(place)
            needed = f"{user} was made of it" if user is not None else None
            if needed is None and not is_free(lock_of(place)):
                needed = "it is being fetched"
            name = str(place.relative_to(self._folder))
            yield Item(Kind.CLONE, name, bytes_in(place), uses.last_use(place), needed)

    def remove(self, item: Item) -> bool:
        place = self._folder / item.name
        with if_free(lock_of(place)) as free:
            return free and uses.remove_unused(place, since=item.used_at)

    def tidy(self) -> None:
        uses.sweep(self._folder)
        uses.sweep(self._folder / SUBMODULES)


def lock_of(clone: Path) -> Path:
    """Held by whoever makes it or fetches into it."""
    return clone.with_suffix(".lock")
