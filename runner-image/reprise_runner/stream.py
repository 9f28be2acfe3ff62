"""A job's log on our standard output, for a container's engine to keep. Needs a Python >= 3.8 only.

What is at the other end may be slow or hang; the job's time and its end must not depend on that. So nothing
here waits while the job runs: what is not taken is kept, and once that is much, the job's output waits.
"""

from __future__ import annotations

import os
import select
import time

ROOM = 1 << 20
CHUNK = 1 << 16
LAST_SECONDS = 10.0
"""For what is left when the job has ended."""


class Stream:
    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.pending = bytearray()
        self.watched = False
        self.problem = ""
        os.set_blocking(descriptor, False)

    @property
    def full(self) -> bool:
        return len(self.pending) >= ROOM

    def write(self, data: bytes) -> None:
        if not self.problem:
            self.pending += data
            self.flush()

    def flush(self) -> None:
        """As much as is taken now."""
        while self.pending and not self.problem:
            try:
                written = os.write(self.descriptor, self.pending[:CHUNK])
            except BlockingIOError:
                return
            except OSError as error:
                self.give_up(error.strerror or str(error))
                return
            del self.pending[:written]

    def watch(self, poll: select.poll) -> None:
        """Have it told when more can be taken, as long as there is more."""
        wanted = bool(self.pending)
        if wanted and not self.watched:
            poll.register(self.descriptor, select.POLLOUT)
        if self.watched and not wanted:
            poll.unregister(self.descriptor)
        self.watched = wanted

    def close(self, seconds: float = LAST_SECONDS) -> None:
        """Wait for the rest, at most so long."""
        deadline = time.monotonic() + seconds
        room = select.poll()  # select() knows no descriptor beyond 1023
        room.register(self.descriptor, select.POLLOUT)
        while self.pending and not self.problem:
            left = deadline - time.monotonic()
            if left <= 0:
                self.give_up("nobody takes it")
                return
            room.poll(left * 1000)
            self.flush()

    def give_up(self, why: str) -> None:
        self.problem = f"{len(self.pending)} bytes of the log did not get through to our output: {why}"
        self.pending.clear()
