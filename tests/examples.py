"""The example repository's environment, for tests that run jobs of their own in it."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from reprise.locks import locked

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "example-repo"
LOCK = EXAMPLE / "requirements.txt"
_SECONDS = 240


def example_python() -> Path:
    """An interpreter with exactly the example's lock; made once for each lock and kept in the cache."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("REPRISE_TEST_CACHE") or ROOT / ".cache") / "example"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / key
    with locked(cache / f"{key}.lock", timeout=2 * _SECONDS):
        if not (folder / "complete").exists():
            _make(folder)
    return folder / "bin" / "python"


def _make(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    steps: list[list[str | Path]] = [
        ["venv", "--python", sys.executable, folder],
        ["pip", "sync", "--require-hashes", "--python", folder / "bin" / "python", LOCK],
    ]
    for arguments in steps:
        subprocess.run([*uv, *arguments], check=True, timeout=_SECONDS)
    (folder / "complete").touch()
