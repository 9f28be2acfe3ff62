"""The durable engine, and the only owner of ``dbos``.

A workflow is the function given to `Engine`; it may only await `step` and `sleep`. What a step
returned is recorded, and after a crash the workflow is replayed from those records, so every step
must be safe to run twice. Only one process may be the engine of a state folder: `Leadership`.

DBOS traps that shape this module: its own cancel and timeouts keep later steps from running (so
they are never used), its default serializer is pickle, its default version strands running
workflows at the next upgrade, it leaves SQLite in rollback mode, and a full disk ends its workflows.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, _sys_db

from reprise.domain.errors import Retryable, UserError
from reprise.locks import locked

Body = Callable[[str], Awaitable[None]]

_body: Body | None = None
"""DBOS is one per process and finds its workflows by name, hence a module variable."""


_frozen: list[object] = []

_AWAITED = ("database is locked", "database or disk is full", "disk I/O error")
"""SQLite's words for what passes. DBOS knows the first; the others would break every live workflow."""


def _passes(error: Exception) -> bool:
    said = str(getattr(error, "orig", None) or error)
    return any(words in said for words in _AWAITED)


# It then waits and tries again, at most a minute and a half apart, and there is no setting for it.
_sys_db.retriable_sqlite_exception = _passes  # type: ignore[attr-defined,assignment]

_BROKEN = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")


@DBOS.workflow(name="run", max_recovery_attempts=None)
async def _run(run_id: str) -> None:
    if _body is None:
        raise RuntimeError("the engine is not launched")
    await _body(run_id)


CLAIMING = "queue-worker-"
"""How DBOS names the threads that take up what an earlier life left unfinished."""


class Engine:
    """DBOS on an event loop of its own, in a thread of its own."""

    def __init__(self, state: Path, body: Body) -> None:
        self._state = state
        self._body = body
        self._dbos: DBOS | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def launch(self) -> None:
        """Start, and go on with everything that an earlier process left unfinished."""
        global _body
        _body = self._body
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        self._call(self._launch())

    def start(self, run_id: str) -> None:
        """Start a run's workflow, or nothing when it was started before."""
        self._call(_start(run_id))

    def broken(self, run_id: str) -> bool:
        """Whether the workflow itself ended in an error."""
        status = DBOS.get_workflow_status(run_id)
        return status is not None and status.status in _BROKEN

    def over(self, run_id: str) -> bool:
        """Whether the workflow ended, well or in an error, so that nobody works on the run any more."""
        status = DBOS.get_workflow_status(run_id)
        return status is not None and status.status in (*_BROKEN, "SUCCESS")

    def ended(self) -> list[str]:
        """Every workflow that ended, well or in an error. Raises Retryable when not launched."""
        self._check_launched()
        statuses = [*_BROKEN, "SUCCESS"]
        found = DBOS.list_workflows(status=statuses, load_input=False, load_output=False)
        return [each.workflow_id for each in found]

    def forget(self, workflow_id: str) -> None:
        """Remove what is recorded of it; gone is fine. Raises Retryable when not launched."""
        self._check_launched()
        DBOS.delete_workflow(workflow_id)

    def shutdown(self) -> None:
        """Stop at once; unfinished workflows go on at the next launch.

        The loop is stopped before DBOS is: a cancelled workflow would be recorded as failed. Its
        frozen tasks are kept, because collecting them runs the same clean-up, and the loop itself does
        not keep them. Nothing to do when it was never launched.
        """
        if self._loop is None or self._thread is None:
            return
        self._stop_claiming()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        _frozen.append((self._loop, asyncio.all_tasks(self._loop)))
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._loop = self._thread = None

    def _stop_claiming(self) -> None:
        """A workflow that is claimed after our loop stopped begins on DBOS's own, and is cancelled there."""
        if self._dbos is None:
            return
        for event in self._dbos.background_thread_stop_events:
            event.set()
        for thread in threading.enumerate():
            # One that has not quite begun sees the event first.
            if thread.name.startswith(CLAIMING) and thread.is_alive():
                thread.join(5)

    def _check_launched(self) -> None:
        if self._loop is None:
            raise Retryable("the engine does not run")

    async def _launch(self) -> None:
        database = self._state / "engine.db"
        try:
            with sqlite3.connect(database) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{database} cannot be used ({error}): restore a backup of it, or remove it; "
                "live runs then start from their beginning"
            ) from error
        self._dbos = DBOS(config=_config(database))
        DBOS.launch()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("the engine is not launched")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


async def _start(run_id: str) -> None:
    with SetWorkflowID(run_id):
        await DBOS.start_workflow_async(_run, run_id)


def _config(database: Path) -> DBOSConfig:
    return {
        "name": "reprise",
        "system_database_url": f"sqlite:///{database}",
        "executor_id": "controller",
        "application_version": "1",
        "serializer": DBOSPortableJSONSerializer(),
        "max_executor_threads": 16,
        # Nothing waits for notifications yet: this only bounds how long a shutdown takes.
        "notification_listener_polling_interval_sec": 0.05,
        "console_log_level": "ERROR",
        "log_level": "ERROR",
    }


async def step(name: str, call: Callable[..., Awaitable[Any]], *args: object) -> Any:
    """Run ``call`` and record what it returned; only plain JSON data in and out."""
    return await DBOS.run_step_async({"name": name}, call, *args)


async def sleep(seconds: float) -> None:
    """Wait through restarts: what is left of the time is waited after one."""
    await DBOS.sleep_async(seconds)


class Leadership:
    """The lock that makes this process the only engine of its state folder."""

    def __init__(self, state: Path) -> None:
        self._path = state / "engine.lock"
        self._held: ExitStack | None = None

    def take(self) -> None:
        """Nothing to do when it is held already. Raises UserError when another controller has it."""
        if self._held is not None:
            return
        with ExitStack() as opened:
            try:
                handle = opened.enter_context(locked(self._path, timeout=0))
            except Retryable:
                raise UserError(
                    f"another controller (pid {self._owner()}) works in {self._path.parent}: "
                    "stop it first, or give this one its own REPRISE_STATE_DIR"
                ) from None
            os.truncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            self._held = opened.pop_all()

    @property
    def held(self) -> bool:
        return self._held is not None

    def give_up(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _owner(self) -> str:
        with self._path.open("rb") as file:
            return file.read(20).decode(errors="replace").strip() or "unknown"
