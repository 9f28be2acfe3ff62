"""The validator's own environment, in ``.cache``: it needs an older `rich` than we do."""

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from reprise.locks import locked

HERE = Path(__file__).parent
LOCK = HERE / "validator.lock"
ENVIRONMENT = HERE.parents[2] / ".cache" / "validator"
VALIDATE = HERE / "validate.py"
CONTEXT = HERE.parents[1] / "samples" / "ro-crate" / "ro-crate-1.1-context.jsonld"
_SECONDS = 300


def ensure_validator() -> Path:
    """Its Python. Installed once, and again when its lock file changes."""
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with locked(ENVIRONMENT.with_suffix(".lock"), timeout=_SECONDS):
        stamp = ENVIRONMENT / "installed.lock"
        if not stamp.is_file() or stamp.read_bytes() != LOCK.read_bytes():
            _install(stamp)
    return ENVIRONMENT / "bin" / "python"


def _install(stamp: Path) -> None:
    uv = find_uv_bin()
    _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT))
    into = ("--python", str(ENVIRONMENT / "bin" / "python"))
    _run(uv, "pip", "sync", "--quiet", "--require-hashes", *into, str(LOCK))
    stamp.write_bytes(LOCK.read_bytes())


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
