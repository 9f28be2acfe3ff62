"""The services' own environment, from a lock file: their libraries are not the project's.

``services.in`` was found by trial, because OpenStack's published constraints are older than its releases.
Keystone stays at 29.0.0: 29.1 and 30 refuse every application credential that creates a lease, while 29.0
refuses restricted ones only, as the sites do.
"""

import os
import subprocess
from pathlib import Path

import uv
from tests.box.caching import note_seconds, replace_folder
from tests.box.lacking import Lacking
from tests.openstack.caching import CACHE, HERE, key_of

LOCK = HERE / "services.lock"
LIMIT = 400
PYTHON = "3.11"
"""The lock holds for it; newer ones have no builds of some pins."""


def environment() -> Path:
    """The folder with ``bin/python``. Raises Lacking."""
    folder = CACHE / f"environment-{key_of(LOCK)}"
    if not folder.is_dir():
        with note_seconds("OpenStack's packages"), replace_folder(folder) as building:
            install(building)
    return folder


def install(folder: Path) -> None:
    """Relocatable, because it is built under another name."""
    run(folder, "venv", "--allow-existing", "--relocatable", "--python", PYTHON, str(folder))
    run(folder, "pip", "sync", "--compile-bytecode", "--require-hashes", str(LOCK))


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [uv.find_uv_bin(), "--quiet", *words],
        env={**os.environ, "VIRTUAL_ENV": str(folder), "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0:
        raise Lacking(f"OpenStack's environment cannot be made: {done.stderr.strip()[-600:]}")
