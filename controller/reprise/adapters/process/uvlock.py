"""Reads a uv.lock with uv itself, without running anything of the repository. Called by recipes.py.

Exported as ``pylock.toml`` rather than as requirements, because that keeps which index each package
comes from (PyTorch's own, for one). ``uv export --locked`` compares the lock with pyproject.toml;
where a project computes its dependencies in code, uv would run that code for it, so such a lock is
taken as it stands and recorded as not compared.
"""

import hashlib
import json
import os
import re
import tempfile
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reprise.adapters.process import troubles
from reprise.adapters.process.installer import Installer, Job
from reprise.adapters.process.interpreters import Interpreter
from reprise.adapters.process.locks import UvLock
from reprise.ports import Failed

DESCRIPTIONS = ("pyproject.toml", "uv.toml", "setup.py", "setup.cfg")
"""What uv reads of a project beside its lock."""

_BLOCK = "\n[[packages]]\n"
_LOCAL_SOURCE = re.compile(r'^source = \{ (?:editable|directory|virtual) = "([^"\\]+)" \}$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Exported:
    text: str
    """A pylock.toml without the repository's own packages."""
    own: tuple[str, ...]
    """Folders and archives of the repository, from the lock's folder."""
    unhashed: tuple[str, ...]
    """Packages without a hash, which some indexes do not give."""
    unchecked: bool
    """The lock was not compared with the project."""


def export(
    lock: UvLock,
    tree: Path,
    content: bytes,
    *,
    interpreter: Interpreter,
    installer: Installer,
    cache: Path,
    job: Job,
    stand_in: str,
) -> Exported | Failed:
    """``stand_in`` replaces the tree's address, so that equal locks give equal texts."""
    folders = [lock.project / name for name in _local_folders(content.decode(errors="replace"))]
    unchecked = any(_is_dynamic(folder) for folder in folders)
    remembered = cache / f"{_digest(lock, tree, content, folders)}.json"
    known = _load(remembered) if not _has_workspace(lock.project) else None
    if known is not None:
        return known
    ran = installer.run_in_project(
        job,
        lock.project,
        *("export", "--quiet", "--format", "pylock.toml", "--no-header"),
        *("--frozen" if unchecked else "--locked", "--python", str(interpreter.path)),
    )
    if isinstance(ran, Failed):
        return ran
    if ran.code != 0:
        return troubles.explain_export(ran.output, lock=lock.path)
    exported = split(ran.stdout.replace(tree.resolve().as_uri(), stand_in), unchecked=unchecked)
    _save(remembered, exported)
    return exported


def split(pylock: str, *, unchecked: bool = False) -> Exported:
    """Take the repository's own packages out of a pylock.toml as uv writes it."""
    head, *blocks = ("\n" + pylock).split(_BLOCK)
    kept, own, unhashed = [], list[str](), list[str]()
    for block in blocks:
        package = tomllib.loads(f"[[packages]]\n{block}")["packages"][0]
        path = package.get("directory", {}).get("path") or package.get("archive", {}).get("path")
        if path is not None:
            own.append(path)
            continue
        kept.append(_BLOCK + block)
        if not _is_hashed(package):
            unhashed.append(package["name"])
    rest = "".join(kept) if kept else "\npackages = []\n"
    return Exported(head.lstrip("\n") + rest, tuple(own), tuple(unhashed), unchecked)


def _is_hashed(package: dict[str, Any]) -> bool:
    """A commit id pins what comes from a version control system."""
    files = [*package.get("wheels", ()), *(package[key] for key in ("sdist", "archive") if key in package)]
    return all(file.get("hashes") for file in files)


def _local_folders(lock: str) -> list[str]:
    return list(dict.fromkeys(_LOCAL_SOURCE.findall(lock)))


def _is_dynamic(folder: Path) -> bool:
    """Whether only code can tell what this project depends on."""
    project = _pyproject(folder).get("project")
    if not isinstance(project, dict):
        return (folder / "setup.py").exists() or (folder / "setup.cfg").exists()
    dynamic = project.get("dynamic", ())
    return "dependencies" in dynamic or "optional-dependencies" in dynamic


def _has_workspace(folder: Path) -> bool:
    """A workspace names its members by pattern: a new one changes what is right without a trace here."""
    uv = _pyproject(folder).get("tool", {}).get("uv", {})
    return isinstance(uv, dict) and "workspace" in uv


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(errors="replace"))
    except (OSError, tomllib.TOMLDecodeError):
        return {}  # uv names the line when it reads the file itself


def _digest(lock: UvLock, tree: Path, content: bytes, folders: list[Path]) -> str:
    digest = hashlib.sha256(content)
    for folder in dict.fromkeys((lock.project, *folders)):
        for name in DESCRIPTIONS:
            file = folder / name
            described = file.read_bytes() if file.is_file() else b""
            place = os.path.relpath(file, tree).encode(errors="surrogateescape")
            digest.update(b"\0%s\0%d\0" % (place, len(described)) + described)
    return digest.hexdigest()


def _load(remembered: Path) -> Exported | None:
    try:
        fields = json.loads(remembered.read_text())
        os.utime(remembered)  # it goes when it was not used for long
    except FileNotFoundError:
        return None
    return Exported(fields["text"], tuple(fields["own"]), tuple(fields["unhashed"]), fields["unchecked"])


def _save(remembered: Path, exported: Exported) -> None:
    """Whole or not at all: other runs read it without a lock."""
    remembered.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=remembered.parent, delete=False) as file:
        json.dump(asdict(exported), file)
    os.replace(file.name, remembered)
