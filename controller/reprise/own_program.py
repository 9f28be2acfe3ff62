"""A program of ours in a process of its own: what it needs, it takes and gives back; what breaks it, ends it.

Nothing of our environment is handed down, because it holds secrets.
"""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta

from reprise.closing import Closing
from reprise.domain.errors import RepriseError

_LOOK_SECONDS = 0.05


class NoAnswer(RepriseError):
    """``str`` is the end of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class OwnProgram:
    command: tuple[str, ...]
    doing: str
    """As in "looking at it broke off"."""
    timeout: timedelta
    closing: Closing = field(default_factory=Closing)

    def answer(self, asked: bytes, *, limit: int) -> bytes:
        """At most ``limit`` bytes of what it prints when it is given ``asked``. Raises NoAnswer."""
        try:
            with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said, self.closing.working():
                given.write(asked)
                given.seek(0)
                process = subprocess.Popen(
                    self.command,
                    stdin=given,
                    stdout=said,
                    stderr=subprocess.DEVNULL,
                    env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                    cwd="/",
                    start_new_session=True,
                )
                self._await(process)
                said.seek(0)
                return said.read(limit)
        except OSError as error:
            raise NoAnswer(f"it could not be started ({error.strerror})") from None

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        try:
            code = self._exit_code(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code != 0:
            raise NoAnswer(f"{self.doing} broke off ({_ending(code)})")

    def _exit_code(self, process: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + self.timeout.total_seconds()
        while time.monotonic() < deadline:
            if self.closing.closed():
                raise NoAnswer("Reprise was stopped meanwhile")
            try:
                return process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        raise NoAnswer(f"it took longer than {self.timeout.total_seconds():g} s")


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
