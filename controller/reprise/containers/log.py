"""Follows a container's log into the trial's ``log.txt``: nothing lost, nothing doubled, within its bound.

The Engine keeps what the runner prints; we are one reader of it. A note beside the trial says up to which
message it was written, so that whoever comes next (after a broken connection, or in another controller)
goes on there: what was written behind the note is cut off and asked for again.
"""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.containers.answers import STDOUT
from reprise.containers.engine import Engine
from reprise.domain.errors import RepriseError
from reprise.jobs import layout
from reprise.locks import if_free
from reprise_runner.job_log import Log

IDLE_SECONDS = 60.0
"""A job may be quiet for long; then the connection is made anew, in case it is dead."""
NOTE_SECONDS = 0.5
"""Between two notes while messages come."""
AGAIN_SECONDS = 0.5
MAX_ERRORS_BYTES = 4_000
NOTE = "log.position"
LOCK = "log.lock"
TAIL = "log.tail"
ERRORS = "runner.txt"
"""What the runner itself complained about: its standard error."""


@dataclass(frozen=True, slots=True)
class Position:
    at: str = ""
    """The time of the last message that was written."""
    same: int = 0
    """How many of that very time were."""
    total: int = 0
    """Bytes of all messages so far."""
    open: bool = False
    """Whether the last one had no end of line: it is a part of a long line, or the very end."""


POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Files:
    folder: Path
    """The trial's own: never seen by the job."""
    log: Path
    limit_bytes: int

    @property
    def note(self) -> Path:
        return self.folder / NOTE


class Followers:
    """One thread for each container that runs and is looked at."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def follow(self, container: str, files: Files) -> None:
        """See that somebody follows it. Ends by itself with the container."""
        with self._lock:
            thread = self._threads.get(container)
            if thread is not None and thread.is_alive():
                return
            self._threads = {name: each for name, each in self._threads.items() if each.is_alive()}
            thread = threading.Thread(
                target=self._run, args=(container, files), name=f"log of {container}", daemon=True
            )
            self._threads[container] = thread
            thread.start()

    def finish(
        self, container: str, files: Files, *, seconds: float, expected: int | None
    ) -> tuple[int, int]:
        """Everything that an ended container said: bytes, and bytes left out. See `Writer.close`.

        Raises Retryable or TimeoutError when it cannot be had now.
        """
        with self._lock:
            thread = self._threads.pop(container, None)
        if thread is not None:
            thread.join(seconds)
        deadline = time.monotonic() + seconds
        while not (done := read(self._engine, container, files, follow=False, last=True, expected=expected)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the log of {container} is still being written by somebody else")
            time.sleep(AGAIN_SECONDS / 10)
        return done

    def _run(self, container: str, files: Files) -> None:
        try:
            read(self._engine, container, files, follow=True)
        except (RepriseError, OSError):
            return  # the next look at the trial follows it again, or says what is wrong


def read(
    engine: Engine,
    container: str,
    files: Files,
    *,
    follow: bool,
    last: bool = False,
    expected: int | None = None,
) -> tuple[int, int] | None:
    """Write what is new; bytes so far and bytes left out, None when somebody else is at it now.

    With ``last`` the log is closed: its end goes behind its head. Raises Retryable when the Engine fails.
    """
    with if_free(files.folder / LOCK) as free:
        if not free:
            return None
        writer = Writer(files)
        try:
            for message in engine.log(
                container, since=writer.position.at, follow=follow, idle_seconds=IDLE_SECONDS
            ):
                writer.take(message.at, message.data, ours=message.stream == STDOUT)
        finally:
            writer.leave()
        return writer.close(expected) if last else (writer.position.total, 0)


class Writer:
    """The trial's log file, opened where the note says."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._tail = files.folder / TAIL
        self.position = _position(files, self._tail)
        self._skip = self.position.same
        self._noted = time.monotonic()
        self._log = Log(str(files.log), str(self._tail), files.limit_bytes, total=self.position.total)

    def take(self, at: str, data: bytes, *, ours: bool) -> None:
        if self._skip and at == self.position.at:
            self._skip -= 1
            return
        self._skip = 0
        same = self.position.same + 1 if at == self.position.at else 1
        unended = self.position.open
        if ours:
            # Parts of a line share their time. The Engine's driver forgets the end of such a line.
            self._log.write(b"\n" + data if unended and same == 1 else data)
            unended = not data.endswith(b"\n")
        else:
            self._complain(data)
        self.position = Position(at, same, self._log.total, unended)
        if time.monotonic() - self._noted > NOTE_SECONDS:
            self._note()

    def leave(self) -> None:
        self._note()

    def close(self, expected: int | None) -> tuple[int, int]:
        """``expected``: how many bytes the runner says it wrote: tells whether the last line had an end."""
        if self.position.open and expected == self._log.total + 1:
            self._log.write(b"\n")
        self._log.close()
        return self._log.total, self._log.cut

    def _note(self) -> None:
        self._noted = time.monotonic()
        new = self._files.note.with_suffix(".new")
        new.write_text(json.dumps(asdict(self.position)))
        new.replace(self._files.note)

    def _complain(self, data: bytes) -> None:
        path = self._files.folder / ERRORS
        if not path.exists() or path.stat().st_size < MAX_ERRORS_BYTES:
            with path.open("ab") as file:
                file.write(data[:MAX_ERRORS_BYTES])


def _position(files: Files, tail: Path) -> Position:
    """Where to go on; from the start when what was written is not there as it should be."""
    try:
        noted = POSITION.validate_json(files.note.read_bytes())
    except (FileNotFoundError, ValidationError):
        return Position()
    head_room = files.limit_bytes // 2
    try:
        there = os.stat(files.log).st_size >= min(noted.total, head_room)
    except FileNotFoundError:
        return Position()
    return noted if there and (noted.total <= head_room or tail.exists()) else Position()


def files_of(folder: Path, results: Path, limit_bytes: int) -> Files:
    return Files(folder, results / layout.LOG, limit_bytes)
