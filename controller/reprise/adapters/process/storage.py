"""What the process backend keeps on disk: environments, downloads, what crashes left. Built by bootstrap.

Safe beside builds and runs of any process: each kind is removed under the lock that its makers take.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

from reprise import removal, uses
from reprise.adapters.process.environments import ENVIRONMENTS, build_lock
from reprise.adapters.process.installer import DOWNLOADS, DOWNLOADS_LOCK
from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.workshop import BENCH
from reprise.adapters.process.workshop import DOWNLOADS as BUILD_DOWNLOADS
from reprise.domain.errors import Refused, Retryable
from reprise.domain.retention import Item, Kind
from reprise.locks import if_free, is_free
from reprise.sizes import bytes_in

log = structlog.get_logger()

EXPORTS = "exports"
"""What uv made of lock files. Read without a lock, so a reader may find it gone."""
LIVES = "lives.lock"
"""In a rehearsal's folder: held while it goes on."""


class ProcessStorage:
    """The Storage port on the cache folder."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._environments = cache / ENVIRONMENTS
        self._lock = cache / DOWNLOADS_LOCK

    def kept(self) -> Iterator[Item]:
        for place in self._places():
            used = uses.last_use(place)
            yield Item(Kind.ENVIRONMENT, place.name, bytes_in(place), used, _needed(place))
        busy = None if is_free(self._lock) else "something is being installed"
        for name in (DOWNLOADS, BUILD_DOWNLOADS, EXPORTS):
            folder = self._cache / name
            if folder.is_dir():
                used = changed(self._lock if self._lock.exists() else folder)
                yield Item(Kind.DOWNLOADS, name, bytes_in(folder), used, busy)
        for bench in self._cache.glob(f"{BENCH}*"):
            yield Item(Kind.LEFTOVER, bench.name, bytes_in(bench), changed(bench), busy)

    def remove(self, item: Item) -> bool:
        if item.kind is Kind.ENVIRONMENT:
            place = self._environments / item.name
            with if_free(build_lock(place)) as free:
                return free and uses.remove_unused(place, since=item.used_at)
        with if_free(self._lock) as free:
            if not free:
                return False
            trash = uses.set_aside(self._cache / item.name)
        if trash is not None:  # builds need not wait for this
            removal.remove_tree(trash)
        return True

    def tidy(self) -> None:
        for folder in (self._cache, self._environments):
            uses.sweep(folder)

    def _places(self) -> Iterator[Path]:
        if self._environments.is_dir():
            for path in sorted(self._environments.iterdir()):
                if path.is_dir() and not path.name.startswith(".") and path.suffix != ".uses":
                    yield path


class Rehearsals:
    """The Storage port on the folders of `reprise run`, each with a state of its own.

    One that ended never begins again. One that was killed may have left jobs that go on.
    """

    def __init__(self, folder: Path, *, elsewhere: Callable[[Path], None] = lambda _: None) -> None:
        """``elsewhere`` gives back what the rehearsal of a state folder held on other backends. It may raise
        Retryable and Refused.
        """
        self._folder = folder
        self._elsewhere = elsewhere

    def kept(self) -> Iterator[Item]:
        for place in self._places():
            lives = None if is_free(place / LIVES) else "it goes on"
            used = max(map(changed, (place, *place.glob("*.db"))))
            yield Item(Kind.REHEARSAL, place.name, bytes_in(place), used, lives)

    def remove(self, item: Item) -> bool:
        """With whatever still runs in one that was killed."""
        place = self._folder / item.name
        if not is_free(place / LIVES):
            return False
        self._give_back(place)
        uses.remove_whole(place)
        return True

    def tidy(self) -> None:
        uses.sweep(self._folder)

    def give_back_killed(self) -> None:
        """What those that were killed hold; their results stay. What fails is logged, for the next time.

        Each one's lock is held meanwhile: one that was just begun waits for it, and holds nothing yet.
        """
        for place in self._places():
            try:
                with if_free(place / LIVES) as free:
                    if free:
                        self._give_back(place)
            except (Retryable, Refused, OSError) as error:
                log.warning("what a killed rehearsal holds stays", rehearsal=place.name, why=str(error))

    def _places(self) -> Iterator[Path]:
        if self._folder.is_dir():
            for place in sorted(self._folder.iterdir()):
                if place.is_dir() and not place.is_symlink() and not place.name.startswith("."):
                    yield place

    def _give_back(self, place: Path) -> None:
        provider = ProcessProvider(place, gpus=0)
        for run_id in provider.owned():
            provider.release(run_id)
        self._elsewhere(place)


def changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _needed(place: Path) -> str | None:
    user = uses.user_of(place)
    if user is not None:
        return f"{user} uses it"
    return None if is_free(build_lock(place)) else "it is being built"
