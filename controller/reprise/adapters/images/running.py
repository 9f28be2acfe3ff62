"""Runs one build and shows its output line by line, to whoever started it and to those who came later.

The output goes to a file of the key; everybody copies it into the log of their own run while they wait.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from reprise.closing import Closing
from reprise.domain.run import Reason
from reprise.ports import Failed

POLL_SECONDS = 0.05
LOOK_SECONDS = 1.0
OUTPUT_LIMIT_BYTES = 50 * 1024**2
TAIL_BYTES = 64 * 1024


class Follower:
    """Copies whole lines of a growing file to the end of another. Belongs to one thread."""

    def __init__(self, source: Path, log: Path, *, begin: int = 0) -> None:
        self._source = source
        self._log = log
        self._read = begin
        self._file: IO[bytes] | None = None
        """Held open, so that a new build's file cannot be taken for it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def copy(self, *, rest: bool = False) -> None:
        """What is new; with ``rest`` also a last line that does not end."""
        file = self._newest()
        if file is None:
            return
        file.seek(self._read)
        new = file.read(OUTPUT_LIMIT_BYTES)
        whole = new if rest else new[: new.rfind(b"\n") + 1]
        if whole:
            self._read += len(whole)
            with self._log.open("ab") as log:
                log.write(whole)

    def _newest(self) -> IO[bytes] | None:
        try:
            there = self._source.stat()
        except FileNotFoundError:
            return self._file
        if self._file is not None and os.path.samestat(there, os.fstat(self._file.fileno())):
            return self._file
        if self._file is not None:
            self._file.close()
            self._read = 0
        self._file = self._source.open("rb")
        return self._file


@dataclass(frozen=True, slots=True)
class Job:
    """What one call shares with everything it starts."""

    log: Path
    """Of the run."""
    deadline: float
    """On the monotonic clock."""
    stopping: Callable[[], bool]
    closing: Closing

    @property
    def left(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def say(self, sentence: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"== {sentence}\n")

    def ended(self) -> Failed | None:
        """Why to stop now."""
        if self.closing.closed():
            return Failed(Reason.INFRASTRUCTURE, "Reprise stops, so the build was ended")
        if self.stopping():
            return Failed(Reason.CANCELLED, "the build was ended because nobody wants it now")
        if self.left <= 0:
            return Failed(
                Reason.ENVIRONMENT_FAILED,
                "the build took longer than the time limit for builds; make it smaller, or raise the limit",
            )
        return None


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    output: str
    """The end of what it printed."""


def run(command: list[str], variables: Mapping[str, str], output: Path, job: Job) -> Ran | Failed:
    """``output`` is appended to and copied into the run's log. Whatever ends the waiting ends the program."""
    with output.open("ab") as file:
        begun = file.tell()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=dict(variables),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            return Failed(Reason.INFRASTRUCTURE, f"{command[0]} does not start: {error.strerror}")
    with Follower(output, job.log, begin=begun) as follower:
        try:
            code = _wait(process, output, begun, follower, job)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            follower.copy(rest=True)
    said = _end_of(output, begun)
    return Failed(code.reason, code.message, said) if isinstance(code, Failed) else Ran(code, said)


def _wait(
    process: subprocess.Popen[bytes], output: Path, begun: int, follower: Follower, job: Job
) -> int | Failed:
    look_at = 0.0
    while True:
        if time.monotonic() >= look_at:
            if (ended := job.ended()) is not None:
                return ended
            look_at = time.monotonic() + LOOK_SECONDS
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            follower.copy()
            if output.stat().st_size - begun > OUTPUT_LIMIT_BYTES:
                limit = OUTPUT_LIMIT_BYTES // 1024**2
                return Failed(
                    Reason.ENVIRONMENT_FAILED, f"the build printed more than {limit} MiB; see its log"
                )


def _end_of(output: Path, begun: int) -> str:
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begun, size - TAIL_BYTES))
        return file.read().decode(errors="replace")
