"""Once a day: looks at what is kept, and removes what is too old or too much. Called by the leader.

What goes is decided in `domain.retention`; what a live run needs is known from the rows (here) and to
those who keep it (each Storage).
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.retention import Item, Kind, Policy, Removal, what_to_remove
from reprise.domain.words import size
from reprise.engine.world import World
from reprise.ports import Storage
from reprise.store import retention as rows

log = structlog.get_logger()

LAST = "retention.json"
"""In the state folder: when it was looked at last, and what went."""
_TROUBLE = (Retryable, Refused, OSError)


class Retention:
    def __init__(self, world: World, storages: Sequence[Storage], policy: Policy) -> None:
        self._world = world
        self._storages = storages
        self._policy = policy
        self._stopping = threading.Event()

    def tick(self) -> tuple[Item, ...]:
        """What was removed now. One thing that cannot be removed does not keep the others."""
        inventory = [(storage, item) for storage in self._storages for item in self._kept(storage)]
        keeper = {(item.kind, item.name): storage for storage, item in inventory}
        decided = what_to_remove([item for _, item in inventory], self._policy, self._world.clock.now())
        removed = []
        for removal in decided:
            if self._stopping.is_set():
                break
            if self._remove(keeper[removal.item.kind, removal.item.name], removal):
                removed.append(removal.item)
        self._tell(removed)
        return tuple(removed)

    def stop(self) -> None:
        """Leave the rest to another day."""
        self._stopping.set()

    def _tell(self, removed: Sequence[Item]) -> None:
        """In the log, and to `reprise doctor`."""
        freed = sum(item.bytes for item in removed)
        if removed:
            log.info("removed what is kept no longer", things=len(removed), size=size(freed))
        last = self._world.folders.state / LAST
        told = {"at": self._world.clock.now().isoformat(), "things": len(removed), "bytes": freed}
        try:
            last.with_suffix(".new").write_text(json.dumps(told))
            last.with_suffix(".new").replace(last)
        except OSError as error:
            log.warning("the last look at what is kept was not noted", why=str(error))

    def _kept(self, storage: Storage) -> list[Item]:
        try:
            storage.tidy()
            return list(self._with_rows(storage.kept()))
        except _TROUBLE as error:
            log.warning("what is kept could not be looked at", why=str(error))
            return []

    def _remove(self, storage: Storage, removal: Removal) -> bool:
        """False when it stays: somebody came to need it, or it cannot be removed."""
        item = removal.item
        told = {"kind": item.kind.value, "name": item.name, "size": size(item.bytes)}
        try:
            if next(self._with_rows([item])).needed is not None or not storage.remove(item):
                log.info("kept, because it is needed again", **told)
                return False
        except _TROUBLE as error:
            log.warning("not removed", **told, error=str(error))
            return False
        log.info("removed", **told, why=removal.why)
        return True

    def _with_rows(self, items: Iterable[Item]) -> Iterator[Item]:
        """What is shared between runs is needed by those that the rows know of."""
        with self._world.store.read() as connection:
            environments = rows.environments_in_use(connection)
            repositories = rows.repositories_with_runs(connection)
        for item in items:
            if item.kind is Kind.ENVIRONMENT and item.name in environments:
                yield replace(item, needed="a run that is not finished was built with it")
            elif item.kind is Kind.CLONE and item.name.removesuffix(".git") in map(str, repositories):
                yield replace(item, needed="the specs of its runs are read from it")
            else:
                yield item
