"""Packs what executes trials into one file, which goes wherever a job runs. Called by the backends' runners.

The file is a zip that any Python >= 3.8 runs. Beside its sources it carries bytecode for our own Python, so
that starting it here costs no compilation; another Python passes that by. The same sources and Python make
the same bytes, also on another day.
"""

import hashlib
import importlib.resources
import importlib.util
import io
import marshal
import os
import tempfile
import zipfile
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path

NAME = "runner.pyz"
PACKAGE = "reprise_runner"
START = "__main__.py"
LIBRARY = "pynvml"
EPOCH = (1980, 1, 1, 0, 0, 0)
UNCHECKED_HASH = (1).to_bytes(4, "little") + bytes(8)
"""Of a bytecode file that is not compared with its source: they come and go together."""
MARSHAL_VERSION = 2
"""Later versions write references by how often a value happens to be in use: other bytes each time."""


def ensure(folder: Path) -> Path:
    """The file, below ``folder``, made where it is missing. Safe for several processes at once.

    Raises OSError when it cannot be written. A file of another version stays beside it.
    """
    path = folder / f"runner-{_key()}" / NAME
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, packed())
    return path


@cache
def packed() -> bytes:
    """The file's bytes. Nothing in it is compressed, so that nothing must be unpacked at a start."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, source in sorted(_sources().items()):
            archive.writestr(_entry(f"{name}c"), _bytecode(name, source))
            archive.writestr(_entry(name), source)
    return written.getvalue()


@cache
def _key() -> str:
    digest = hashlib.sha256(importlib.util.MAGIC_NUMBER)
    for name, source in sorted(_sources().items()):
        digest.update(f"{name} {len(source)}\n".encode() + source)
    return digest.hexdigest()[:16]


@cache
def _sources() -> dict[str, bytes]:
    """Name in the archive → source. NVML's module goes as it is installed here."""
    ours = {
        file.name: file.read_bytes()
        for file in importlib.resources.files(PACKAGE).iterdir()
        if _is_source(file)
    }
    found = {f"{PACKAGE}/{name}": source for name, source in ours.items() if name != START}
    library = importlib.util.find_spec(LIBRARY)
    if library is not None and library.origin is not None:
        found[f"{LIBRARY}.py"] = Path(library.origin).read_bytes()
    return {**found, START: ours[START]}


def _is_source(file: Traversable) -> bool:
    return file.is_file() and file.name.endswith(".py")


def _bytecode(name: str, source: bytes) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + marshal.dumps(code, MARSHAL_VERSION)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    return entry


def _write(path: Path, content: bytes) -> None:
    """Atomically, and readable by whoever runs jobs."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
