"""Starts git in an environment of our making and ends it in time. Called by remote.py and snapshot.py.

Nothing of the machine's or a person's git configuration takes part, no hook, helper, filter or pager
runs, and no secret stands on a command line: configuration travels in ``GIT_CONFIG_*`` variables.
GitPython's own way to end a late git asks ``ps``, which small systems lack; hence process groups here.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reprise.domain.errors import Refused, Retryable
from reprise.inherited import MACHINE

POLL_SECONDS = 0.05
FIRST_POLL_SECONDS = 0.002
"""A remote near by answers within 20 ms; looking more and more rarely adds a tenth to any answer."""
OUTPUT_LIMIT_BYTES = 64 * 1024**2

PASSED_ON = (*MACHINE, "GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CURL_CA_BUNDLE")
"""Everything else stays outside."""

QUIET: tuple[tuple[str, str], ...] = (
    ("protocol.version", "2"),
    ("transfer.fsckObjects", "true"),
    # A pack appears whole or not at all; loose objects could be half of a commit after a crash.
    ("fetch.unpackLimit", "1"),
    # Harmless spellings that old tools left in real history.
    ("fetch.fsck.zeroPaddedFilemode", "warn"),
    ("fetch.fsck.badTimezone", "warn"),
    ("core.hooksPath", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("credential.helper", ""),
    ("core.askPass", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
    # Folders mounted from elsewhere carry other owners; what git could run from them is off already.
    ("safe.directory", "*"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    stdout: bytes
    stderr: str


class TooMuch(Exception):
    """The watched command was ended because its watcher said so."""


def environment(
    system: Mapping[str, str], home: Path, *, config: tuple[tuple[str, str], ...] = (), protocols: str = ""
) -> dict[str, str]:
    """Everything a git process of ours sees. ``protocols`` is a colon list, e.g. ``http:https``."""
    settings = (*QUIET, *config)
    numbered = {f"GIT_CONFIG_KEY_{i}": key for i, (key, _) in enumerate(settings)}
    numbered |= {f"GIT_CONFIG_VALUE_{i}": value for i, (_, value) in enumerate(settings)}
    return {
        **{name: system[name] for name in PASSED_ON if name in system},
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_CONFIG_COUNT": str(len(settings)),
        **numbered,
    }


def run_git(
    *arguments: str,
    environment: Mapping[str, str],
    cwd: Path,
    timeout: float,
    stop_when: Callable[[], bool] = lambda: False,
    most_output: int = OUTPUT_LIMIT_BYTES,
    inherits: tuple[int, ...] = (),
) -> Outcome:
    """Run git to its end, at most ``timeout`` seconds. It keeps the descriptors that it ``inherits`` open.

    Raises Retryable when it is late or git is not installed, TooMuch when ``stop_when`` said so, Refused
    when it wrote more than ``most_output`` bytes: what it repeats may come from an endless remote.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = _start(arguments, environment, cwd, stdout, stderr, inherits)

        def check() -> None:
            if stop_when():
                raise TooMuch
            if max(_size(stdout), _size(stderr)) > most_output:
                raise Refused(f"git {arguments[0]} was answered with more than {most_output} bytes")

        try:
            code = _wait(process, time.monotonic() + timeout, check)
            check()
        finally:
            if process.returncode is None:
                _end(process)
        if code is None:
            raise Retryable(f"git {arguments[0]} was ended after {timeout:.0f} s without an answer")
        return Outcome(code, _content(stdout), _content(stderr).decode(errors="replace"))


def _start(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    cwd: Path,
    stdout: IO[bytes],
    stderr: IO[bytes],
    inherits: tuple[int, ...],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=dict(environment),
            cwd=cwd,
            pass_fds=inherits,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise
        raise Retryable("git is not installed on this machine; install it, e.g. apt install git") from error


def _wait(process: subprocess.Popen[bytes], deadline: float, check: Callable[[], None]) -> int | None:
    """Exit code, None at the deadline. ``check`` raises to end it early."""
    pause = FIRST_POLL_SECONDS
    while time.monotonic() < deadline:
        try:
            return process.wait(pause)
        except subprocess.TimeoutExpired:
            check()
        pause = min(pause * 1.1, POLL_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group: git's own helpers (remote-https, index-pack) must not outlive it."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _size(stream: IO[bytes]) -> int:
    return os.fstat(stream.fileno()).st_size
