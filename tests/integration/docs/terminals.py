"""Shells that people type into, with what a newcomer has: the terminals of a page."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECONDS = 240
"""For one block in the first terminal; installing an environment is most of it."""


class Terminal:
    """A shell that people type into; what it shows is kept in a file beside its folder."""

    def __init__(self, shell: subprocess.Popen[bytes], log: Path) -> None:
        self._shell = shell
        self._log = log
        self._done = 0

    def write(self, text: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(text.encode())
        self._shell.stdin.flush()

    def run(self, text: str) -> None:
        """Type a block and wait until it has ended well."""
        self._done += 1
        mark = f"block {self._done} ended with"
        self.write(f"{text}\necho {mark} $? >&2\n")
        deadline = threading.Event()
        timer = threading.Timer(SECONDS, deadline.set)
        timer.start()
        try:
            while not (ended := re.search(rf"^{mark} (\d+)$", self._errors(), re.MULTILINE)):
                assert not deadline.wait(0.1), f"not within {SECONDS} s:\n{text}\n{self._errors()}"
                assert self._shell.poll() is None, self._errors()
        finally:
            timer.cancel()
        assert ended[1] == "0", f"{text}\n{self.shown()}\n{self._errors()}"

    def shown(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _errors(self) -> str:
        return self._log.with_suffix(".err").read_text(encoding="utf-8", errors="replace")


@contextmanager
def terminal(folder: Path, name: str) -> Iterator[Terminal]:
    base = folder if name == "first" else folder.parent
    log = base / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=environment(base),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    try:
        yield Terminal(shell, log)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        if shell.stdin is not None:
            shell.stdin.close()
        shell.wait(20)


def environment(home: Path) -> dict[str, str]:
    """A newcomer's, with `reprise` and `uv` on the path; environments come from the project's cache."""
    kept = ("LANG", "UV_CACHE_DIR", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "SSL_CERT_FILE")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "REPRISE_CACHE_DIR": str(ROOT / ".cache/reprise"),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
