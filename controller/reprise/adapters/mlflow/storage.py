"""The environments of MLflow servers, of this and earlier versions. Built by bootstrap."""

from collections.abc import Iterator
from pathlib import Path

from reprise import uses
from reprise.adapters.mlflow.environment import PREFIX, folder_of
from reprise.domain.retention import Item, Kind
from reprise.locks import if_free, is_free
from reprise.sizes import bytes_in


class ServerStorage:
    """The Storage port on the environments in the cache folder. What servers recorded is not touched."""

    def __init__(self, cache: Path, python: Path | None) -> None:
        """``python``: what our own server runs with; None when we start none."""
        self._cache = cache
        self._python = python

    def kept(self) -> Iterator[Item]:
        own = self._own()
        for place in sorted(self._cache.glob(f"{PREFIX}*")):
            if not place.is_dir() or place.suffix:
                continue
            needed = "our MLflow server runs in it" if place == own else None
            if needed is None and not is_free(place.with_suffix(".lock")):
                needed = "it is being installed"
            yield Item(Kind.SERVER, place.name, bytes_in(place), uses.last_use(place), needed)

    def remove(self, item: Item) -> bool:
        place = self._cache / item.name
        with if_free(place.with_suffix(".lock")) as free:
            return free and uses.remove_unused(place, since=item.used_at)

    def tidy(self) -> None:
        """Also tells other controllers, which may share the cache, that ours is in use."""
        uses.sweep(self._cache)
        own = self._own()
        if own is not None and own.is_dir():
            uses.touch(own)

    def _own(self) -> Path | None:
        return folder_of(self._cache, self._python) if self._python is not None else None
