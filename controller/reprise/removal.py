"""Removes folders that jobs and builds wrote into: read-only, very deep or very large ones too."""

import subprocess
from pathlib import Path

from reprise.domain.errors import Retryable

TIMEOUT_SECONDS = 300


def remove_tree(path: Path) -> None:
    """Remove a file or folder; gone is fine. Links in it are removed, not followed.

    The system's own tools, because they work from folder to folder: names of any depth, no
    recursion, and no race with what is renamed meanwhile. Raises Retryable when something stays.
    """
    if not path.exists() and not path.is_symlink():
        return
    command = ("rm", "-rf", "--", str(path))
    if _run(command).returncode == 0:
        return
    _run(("chmod", "-R", "u+rwX", "--", str(path)))
    left = _run(command)
    if left.returncode != 0:
        raise Retryable(f"{path} could not be removed: {left.stderr.strip()[-200:]}")


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Retryable(f"{command[-1]} was not removed within {TIMEOUT_SECONDS} s") from error
