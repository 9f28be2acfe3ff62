"""Starts uv: its environment, its time, where its output goes. Called by every module that needs uv.

uv gets a home of its own, so that neither a person's credentials nor their settings take part in
what strangers' build scripts can see; the operator's index settings are passed on by name.
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

from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.workshop import Bench, wrapped
from reprise.closing import Closing
from reprise.domain.run import Reason
from reprise.inherited import MACHINE
from reprise.locks import locked, release
from reprise.ports import Failed
from reprise_runner import confinement

POLL_SECONDS = 0.05
LOOK_SECONDS = 1.0
OUTPUT_LIMIT_BYTES = 50 * 1024**2
TAIL_BYTES = 64 * 1024

DOWNLOADS = "uv"
DOWNLOADS_LOCK = "downloads.lock"
"""Held together by every uv that runs, alone by whoever removes what they downloaded."""
_LOCK_SECONDS = 60.0

PASSED_ON = {
    *MACHINE,
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_OFFLINE",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_INSECURE_HOST",
    "UV_CONCURRENT_BUILDS",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CONCURRENT_INSTALLS",
}
INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
"""Prefixes of the operator's index settings; credentials are ``UV_INDEX_<NAME>_PASSWORD``."""


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    stdout: str
    output: str
    """The end of what it printed besides."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one build() call shares with everything it starts."""

    log: Path
    """Output is appended here."""
    deadline: float
    """On the monotonic clock."""
    stopping: Callable[[], bool] = lambda: False
    """Whether the build is wanted no more."""

    @property
    def left(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def say(self, sentence: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"== {sentence}\n")


class Installer:
    """uv with settings of our choosing. Safe for several threads."""

    def __init__(
        self,
        uv: Path,
        cache: Path,
        system: Mapping[str, str],
        *,
        uv_cache: Path | None,
        quarters: Quarters | None = None,
    ) -> None:
        self._uv = uv
        self._cache = cache
        self._quarters = quarters or Quarters()
        self._neutral = cache / "home"
        self._neutral.mkdir(parents=True, exist_ok=True)
        self._config = _operators_config(system) or _empty_config(self._neutral)
        self._own = {
            "HOME": str(self._neutral),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_CACHE_DIR": str(uv_cache or cache / DOWNLOADS),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON_INSTALL_DIR": _pythons(system),
            "UV_KEYRING_PROVIDER": "disabled",
            "UV_NO_PROGRESS": "1",
            # A hard link would tie an environment to uv's cache: spoiling one would spoil both.
            "UV_LINK_MODE": "copy",
        }
        self._passed = {name: value for name, value in system.items() if name in PASSED_ON}
        self._indexes = {name: value for name, value in system.items() if name.startswith(INDEXES)}
        self._closing = Closing()

    def close(self) -> None:
        """End every uv that runs, with all it started; nothing is installed any more."""
        self._closing.close()

    def run(
        self, job: Job, *arguments: str, extra: Mapping[str, str] | None = None, hold: int | None = None
    ) -> Ran | Failed:
        """With the operator's indexes and away from any project. ``hold`` is a descriptor to keep open."""
        settings = {**self._passed, **self._indexes, **self._own, **(extra or {})}
        return self._run(job, [*arguments, "--config-file", str(self._config)], settings, self._neutral, hold)

    def run_strangers(
        self,
        job: Job,
        bench: Bench,
        *arguments: str,
        extra: Mapping[str, str] | None = None,
        hold: int | None = None,
    ) -> Ran | Failed:
        """`run` where build scripts of others take part: they get no more than ``bench``."""
        settings = {**self._passed, **self._indexes, **self._own, **(extra or {})}
        certificates = [
            Path(settings[name]) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in settings
        ]
        also = [self._uv, self._config, self._neutral, *certificates]
        with wrapped(self._quarters, self._cache, bench, also) as wrap:
            settings |= wrap.variables
            rest = [*arguments, "--config-file", str(self._config)]
            ran = self._run(job, rest, settings, self._neutral, hold, before=wrap.before)
        if isinstance(ran, Ran) and wrap.before and ran.code == confinement.NO_PLACE:
            said = ran.output.strip().splitlines()[-1:]
            return Failed(Reason.INFRASTRUCTURE, "; ".join(said) or "the build could not be isolated")
        return ran

    def run_in_project(self, job: Job, project: Path, *arguments: str) -> Ran | Failed:
        """With the project's own uv settings; ours for indexes would make its lock look stale."""
        return self._run(job, list(arguments), {**self._passed, **self._own}, project, None)

    def _run(
        self,
        job: Job,
        arguments: list[str],
        settings: Mapping[str, str],
        cwd: Path,
        hold: int | None,
        before: tuple[str, ...] = (),
    ) -> Ran | Failed:
        with (
            self._closing.working(),
            locked(self._cache / DOWNLOADS_LOCK, timeout=_LOCK_SECONDS, shared=True) as downloads,
            tempfile.TemporaryFile() as stdout,
            job.log.open("ab") as log,
        ):
            os.utime(downloads)
            begun = log.tell()
            try:
                process = subprocess.Popen(
                    [*before, str(self._uv), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=log,
                    env=dict(settings),
                    cwd=cwd,
                    start_new_session=True,
                    pass_fds=(downloads,) if hold is None else (downloads, hold),
                )
            except (FileNotFoundError, PermissionError):
                return Failed(
                    Reason.INFRASTRUCTURE,
                    f"uv is not installed at {self._uv}; install it with `pip install uv`",
                )
            try:
                code = _wait(process, job, begun, self._closing)
            finally:
                release(downloads)
            output = _end_of(job.log, begun)
            if isinstance(code, Failed):
                return Failed(code.reason, code.message, output)
            return Ran(code, _content(stdout), output)


def _wait(process: subprocess.Popen[bytes], job: Job, begun: int, closing: Closing) -> int | Failed:
    """Exit code. Whatever ends the waiting ends the whole process group."""
    look_at = time.monotonic() + LOOK_SECONDS
    try:
        while job.left > 0:
            if closing.closed():
                return Failed(Reason.INFRASTRUCTURE, "Reprise stops, so the installation was ended")
            if time.monotonic() >= look_at:
                if job.stopping():
                    return Failed(Reason.CANCELLED, "the installation was ended because nobody wants it now")
                look_at = time.monotonic() + LOOK_SECONDS
            try:
                return process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if job.log.stat().st_size - begun > OUTPUT_LIMIT_BYTES:
                    limit = OUTPUT_LIMIT_BYTES // 1024**2
                    return Failed(
                        Reason.ENVIRONMENT_FAILED, f"installing printed more than {limit} MiB; see its log"
                    )
        return Failed(
            Reason.ENVIRONMENT_FAILED,
            "installing took longer than the time limit for builds; "
            "use packages that have wheels, or raise the limit",
        )
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _content(stdout: IO[bytes]) -> str:
    stdout.seek(0)
    return stdout.read(OUTPUT_LIMIT_BYTES).decode(errors="replace")


def _end_of(log: Path, begun: int) -> str:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begun, size - TAIL_BYTES))
        return file.read().decode(errors="replace")


def _operators_config(system: Mapping[str, str]) -> Path | None:
    """The uv.toml that uv would read for this user; it may name a mirror."""
    home = system.get("XDG_CONFIG_HOME") or f"{system.get('HOME', '/nonexistent')}/.config"
    named = [system["UV_CONFIG_FILE"]] if system.get("UV_CONFIG_FILE") else []
    candidates = (Path(place) for place in (*named, f"{home}/uv/uv.toml", "/etc/uv/uv.toml"))
    return next((path for path in candidates if path.is_file()), None)


def _empty_config(folder: Path) -> Path:
    path = folder / "uv.toml"
    path.touch()
    return path


def _pythons(system: Mapping[str, str]) -> str:
    """Where uv keeps the interpreters that the operator let it install."""
    home = system.get("XDG_DATA_HOME") or f"{system.get('HOME', '/nonexistent')}/.local/share"
    return system.get("UV_PYTHON_INSTALL_DIR") or f"{home}/uv/python"
