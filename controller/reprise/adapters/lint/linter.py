"""The Linter port on a process for each look, bounded in time; built by bootstrap, called by steps."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import timedelta
from typing import IO

from pydantic import TypeAdapter, ValidationError

from reprise.closing import Closing
from reprise.domain.lint.noticed import Linted
from reprise.domain.lint.request import LintRequest

COMMAND = (sys.executable, "-I", "-m", "reprise.adapters.lint.look")
_MOST_BYTES = 2**20
"""Of what it prints; `noticed` keeps far less."""
_LOOK_SECONDS = 0.05
_LINTED = TypeAdapter(Linted)


class ProcessLinter:
    def __init__(
        self, *, timeout: timedelta = timedelta(seconds=45), command: tuple[str, ...] = COMMAND
    ) -> None:
        self._timeout = timeout.total_seconds()
        self._command = command
        self._closing = Closing()

    def close(self) -> None:
        """Ends what still looks; it answers that it could not tell."""
        self._closing.close()

    def lint(self, request: LintRequest) -> Linted:
        try:
            with (
                tempfile.TemporaryFile() as asked,
                tempfile.TemporaryFile() as said,
                self._closing.working(),
            ):
                asked.write(json.dumps(asdict(request), default=str).encode())
                asked.seek(0)
                problem = self._run(asked, said)
                said.seek(0)
                return Linted(problem=problem) if problem else _read(said.read(_MOST_BYTES))
        except OSError as error:
            return Linted(problem=f"it could not be started ({error.strerror})")

    def _run(self, asked: IO[bytes], said: IO[bytes]) -> str | None:
        """Why there is no answer. Nothing of our environment is handed down: it holds secrets."""
        process = subprocess.Popen(
            self._command,
            stdin=asked,
            stdout=said,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
        try:
            return self._wait(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> str | None:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            if self._closing.closed():
                return "Reprise was stopped meanwhile"
            try:
                code = process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return None if code == 0 else f"looking at it broke off ({_ending(code)})"
        return f"it took longer than {self._timeout:g} s"


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _read(said: bytes) -> Linted:
    try:
        return _LINTED.validate_json(said)
    except ValidationError:
        return Linted(problem="its answer could not be read")
