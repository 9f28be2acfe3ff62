"""The MLflow server's own environment: 600 MB that never weigh on the controller's.

Installed once per lock file and Python into the cache folder, from `server.lock`. Called by `keeper`.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reprise import uses
from reprise.domain.errors import Retryable
from reprise.inherited import MACHINE
from reprise.locks import locked

LOCK = Path(__file__).with_name("server.lock")
COMPLETE = "complete"
PREFIX = "mlflow-"
INSTALL_SECONDS = 900.0
"""For one installation, and for waiting for that of another process."""
POLL_SECONDS = 0.2
LOG_TAIL = 400

_PASSED_ON = {*MACHINE, "HOME", "LANG"}
_PASSED_ON_PREFIXES = ("UV_", "LC_", "XDG_")


def ensure_environment(
    cache: Path,
    uv: Path,
    python: Path,
    *,
    seconds: float = INSTALL_SECONDS,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Folder of the environment, installed when it is not there yet. Safe from several processes.

    Raises Retryable with the installer's last words when it cannot be installed within ``seconds``, or
    when ``cancelled`` says that nobody wants it any more; no installer is left running then.
    """
    deadline = _Deadline(time.monotonic() + seconds, cancelled)
    folder = folder_of(cache, python)
    cache.mkdir(parents=True, exist_ok=True)
    uses.touch(folder)
    if (folder / COMPLETE).is_file():
        return folder
    others = "another process is still installing MLflow's server"
    waiting = partial(deadline.check, others)
    with locked(folder.with_suffix(".lock"), timeout=seconds, waiting=waiting, late=others) as lock:
        if not (folder / COMPLETE).is_file():
            _install(folder, _Installer(uv, python, folder.with_suffix(".log"), lock, deadline))
    return folder


def folder_of(cache: Path, python: Path) -> Path:
    """Where the environment is, or will be. Raises Retryable when this Python does not run."""
    return cache / f"{PREFIX}{_key(python)}"


@dataclass(frozen=True, slots=True)
class _Deadline:
    at: float
    cancelled: Callable[[], bool]

    def check(self, late: str) -> None:
        if self.cancelled():
            raise Retryable("installing MLflow's server was given up because Reprise stops")
        if time.monotonic() >= self.at:
            raise Retryable(late)


def _key(python: Path) -> str:
    """Another lock, interpreter or platform is another environment."""
    asked = "import sys, platform; print(sys.version, sys.platform, platform.machine(), sys.base_prefix)"
    try:
        said = subprocess.run(
            [python, "-I", "-c", asked], capture_output=True, check=True, timeout=60, env={}
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Retryable(f"the Python for MLflow's server, {python}, does not run: {error}") from error
    return hashlib.sha256(LOCK.read_bytes() + said).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Installer:
    uv: Path
    python: Path
    log: Path
    lock: int
    """Descriptor of the held lock. The installer keeps it too: should we be killed, nobody else begins
    before it has ended."""
    deadline: _Deadline

    def run(self, *arguments: str | Path) -> None:
        with self.log.open("ab") as output:
            try:
                process = subprocess.Popen(
                    [self.uv, *arguments],
                    cwd=self.log.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=_environment(),
                    pass_fds=(self.lock,),
                    start_new_session=True,
                )
            except OSError as error:
                raise Retryable(f"uv could not be started to install MLflow's server: {error}") from error
        if self._wait(process) != 0:
            said = " ".join(self.log.read_text(errors="replace").split())[-LOG_TAIL:]
            raise Retryable(f"MLflow's server could not be installed (log: {self.log}): {said}")

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            while (code := process.poll()) is None:
                self.deadline.check(f"installing MLflow's server takes too long (log: {self.log})")
                time.sleep(POLL_SECONDS)
            return code
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _install(folder: Path, installer: _Installer) -> None:
    """An interrupted installation has no mark and is started over."""
    shutil.rmtree(folder, ignore_errors=True)
    installer.log.unlink(missing_ok=True)
    installer.run("venv", "--quiet", "--no-project", "--python", installer.python, folder)
    target = ("--python", folder / "bin" / "python")
    installer.run("pip", "sync", "--quiet", "--require-hashes", *target, LOCK)
    (folder / COMPLETE).touch()


def _environment() -> dict[str, str]:
    """The installer finds its index, its own settings and proxies, and nothing secret of ours."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    return {**passed, "UV_PYTHON_DOWNLOADS": "never"}
