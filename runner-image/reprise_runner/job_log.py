"""What a job prints, in a file with a limit. Written by the supervisor, with which it travels.

Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprise_runner.stream import Stream

CHUNK = 1 << 16
NOTE_ROOM = 200
"""Bytes for the line that counts what was left out."""


class Log:
    """A log file with a limit: its head is written as it comes, its end goes round in a second file.

    `close` puts the end behind the head, with a line between them that counts what was left out.
    A file that cannot be written is a problem to report; the job goes on. ``stream`` gets what the file gets.
    """

    def __init__(
        self, path: str, tail_path: str, limit: int, stream: Stream | None = None, total: int = 0
    ) -> None:
        """``total``: bytes that somebody wrote before and never closed, when it goes on."""
        self.stream = stream
        self.head_room = limit // 2
        self.tail_room = max(1, limit - limit // 2 - NOTE_ROOM)
        self.total = total
        self.cut = 0
        self.problems: list[str] = []
        self.tail_path = tail_path
        self.tail: int | None = None
        self.head = self.open(path, os.O_WRONLY | os.O_CREAT | (0 if total else os.O_TRUNC))
        if total and self.head is not None:
            os.ftruncate(self.head, min(total, self.head_room))
            os.lseek(self.head, 0, os.SEEK_END)
        if total > self.head_room:
            self.tail = self.open(tail_path, os.O_RDWR)

    def open(self, path: str, flags: int) -> int | None:
        try:
            return os.open(path, flags | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self.problems.append(f"the log could not be opened: {error.strerror}")
            return None

    def write(self, data: bytes) -> None:
        room = max(0, self.head_room - self.total)
        start = max(0, self.total - self.head_room)
        self.total += len(data)
        if self.stream is not None:
            self.stream.write(data[:room])
        try:
            self.write_head(data[:room])
            self.write_tail(data[room:], start)
        except OSError as error:
            self.give_up(error)

    def write_head(self, data: bytes) -> None:
        while data and self.head is not None:
            data = data[os.write(self.head, data) :]

    def write_tail(self, data: bytes, start: int) -> None:
        if not data or self.head is None:
            return
        if self.tail is None:
            self.tail = self.open(self.tail_path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        while data and self.tail is not None:
            at = start % self.tail_room
            written = os.pwrite(self.tail, data[: self.tail_room - at], at)
            data, start = data[written:], start + written

    def give_up(self, error: OSError) -> None:
        """Keep counting, write no more: the job must not block on a pipe that nobody reads."""
        if self.head is not None:
            self.problems.append(f"the log ends after about {self.total} bytes: {error.strerror}")
            os.close(self.head)
            self.head = None

    def close(self) -> None:
        self.close_file()
        if self.stream is not None:
            self.stream.close()
            self.problems.extend(filter(None, [self.stream.problem]))

    def close_file(self) -> None:
        if self.head is None:
            return
        try:
            if self.tail is not None:
                self.append_tail(self.tail, self.total - self.head_room)
            os.fsync(self.head)
        except OSError as error:
            self.give_up(error)

    def append_tail(self, tail: int, size: int) -> None:
        self.cut = max(0, size - self.tail_room)
        if self.cut:
            self.append(note(self.cut))
        at = size % self.tail_room if self.cut else 0
        left = size - self.cut
        while left:
            data = os.pread(tail, min(left, CHUNK, self.tail_room - at), at)
            if not data:
                raise OSError(errno.EIO, "the end of the log is gone")
            self.append(data)
            at, left = (at + len(data)) % self.tail_room, left - len(data)
        os.unlink(self.tail_path)

    def append(self, data: bytes) -> None:
        self.write_head(data)
        if self.stream is not None:
            self.stream.write(data)


def note(cut: int) -> bytes:
    """The line between a log's head and its end."""
    return f"\n[reprise: {cut} bytes left out here]\n".encode()
