"""Group commit: one task writes all deliveries that wait, and each caller is answered after the commit.

A transaction per request reaches a seventh of this on SQLite. A quick commit happens in the event loop
itself: a thread of its own gets the interpreter back only after everybody else had a turn, several times in
each commit, and takes three times as long.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from reprise.domain.errors import Refused, RepriseError, Retryable
from reprise.store.database import Database
from reprise.store.intake import Delivery, record_deliveries

log = structlog.get_logger()

_BATCH = 200
"""Deliveries in one transaction, at most."""
_WAITING = 2_000
"""More deliveries than this at once are refused; a forge sends tens per second."""
_QUICK = 0.02
"""Seconds. After a commit that took longer, the next ones happen in a thread until one is quick again: a disk
that is slow keeps those waiting who want it, and nobody else."""
_QUIET_TURNS = 3
"""Turns of the event loop without a further delivery before those that wait are written: what arrives
together is read, checked and committed together."""

Waiting = tuple[Delivery, "asyncio.Future[bool]"]


class DeliveryWriter:
    def __init__(
        self, store: Database, nudge: Callable[[], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        """``now`` tells seconds: commits are timed."""
        self._store = store
        self._nudge = nudge
        self._now = now
        self._queue: asyncio.Queue[Waiting | None] = asyncio.Queue(_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._quick = True

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What waits is written first."""
        if self._task is not None:
            await self._queue.put(None)
            await self._task

    async def record(self, delivery: Delivery) -> bool:
        """Whether it was new. Raises Retryable when nothing can be stored now, Refused when this cannot."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((delivery, answer))
        except asyncio.QueueFull:
            raise Retryable("too many deliveries at once: redeliver in a minute", after=60) from None
        return await answer

    async def _run(self) -> None:
        ending = False
        while not ending:
            found = [await self._queue.get()]
            await self._gather()
            while len(found) < _BATCH and not self._queue.empty():
                found.append(self._queue.get_nowait())
            ending = None in found
            if batch := [waiting for waiting in found if waiting is not None]:
                await self._write(batch)

    async def _gather(self) -> None:
        quiet = 0
        while quiet < _QUIET_TURNS and self._queue.qsize() < _BATCH:
            before = self._queue.qsize()
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._queue.qsize() == before else 0

    async def _write(self, batch: list[Waiting]) -> None:
        deliveries = [delivery for delivery, _ in batch]
        try:
            new = await self._commit(deliveries)
        except Retryable as error:
            log.error("deliveries not stored", count=len(batch), why=str(error))
            for _, answer in batch:
                _refuse(answer, Retryable("the delivery could not be stored: redeliver it", 60))
        except Exception:  # what the database cannot take must not end this task, nor lose the others
            log.exception("deliveries not stored", ids=[delivery.id for delivery in deliveries])
            await self._write_each(batch)
        else:
            for (_, answer), fresh in zip(batch, new, strict=True):
                if not answer.done():
                    answer.set_result(fresh)
            if any(delivery.trigger is not None for delivery in deliveries):
                self._nudge()

    async def _write_each(self, batch: list[Waiting]) -> None:
        """One of them is to blame: the others are stored, and its sender hears of it."""
        if len(batch) == 1:
            _refuse(batch[0][1], Refused("this delivery cannot be stored: the operator's log says why"))
            return
        for waiting in batch:
            await self._write([waiting])

    async def _commit(self, deliveries: list[Delivery]) -> list[bool]:
        if self._quick and self._store.at_hand:
            return self._timed_commit(deliveries)
        return await asyncio.to_thread(self._timed_commit, deliveries)

    def _timed_commit(self, deliveries: list[Delivery]) -> list[bool]:
        began = self._now()
        try:
            return record_deliveries(self._store, deliveries)
        finally:
            self._quick = self._now() - began < _QUICK


def _refuse(answer: "asyncio.Future[bool]", error: RepriseError) -> None:
    if not answer.done():
        answer.set_exception(error)
