"""Turns a lock file into what is installed: one file for uv, and what belongs to the commit alone.

An environment is shared by every commit with the same recipe, so nothing of the repository's own
code may be in it. Called by builder.py.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.process import requirements, uvlock
from reprise.adapters.process.installer import Installer, Job
from reprise.adapters.process.interpreters import Interpreter
from reprise.adapters.process.locks import Lock, RequirementsFile, UvLock
from reprise.domain.run import Reason
from reprise.ports import Failed

FORMAT = 1
"""Changes whenever the same recipe would be installed differently."""

TREE = "file:///the-repository"
"""Stands for the tree's own address, which differs from run to run."""


@dataclass(frozen=True, slots=True)
class Recipe:
    file_name: str
    """uv tells the formats apart by it."""
    text: str
    options: tuple[str, ...]
    weak: str | None
    names: frozenset[str] | None
    """What the file pins, None when it pins everything by construction."""
    own: tuple[Path, ...]
    """Folders and wheels of the repository itself, installed per commit."""
    replaced: tuple[tuple[str, str], ...] = ()
    """Distribution → version that is installed over the locked one: a varied rehearsal."""

    def key(self, interpreter: Interpreter) -> str:
        """Same key, same content."""
        parts = (str(FORMAT), self.file_name, self.text, *self.options, *self.pins)
        python = (interpreter.version, interpreter.tag, interpreter.platform)
        return hashlib.sha256("\0".join((*parts, *python)).encode()).hexdigest()

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(f"{name}=={version}" for name, version in self.replaced)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where a requirements file says that packages are found; other formats name an address for each."""
        if self.file_name != "requirements.txt":
            return ()
        return tuple(line for line in self.text.splitlines() if line.startswith("-"))

    def replacement_for(self, tree: Path) -> str:
        """A requirements file of what is installed over the locked, from where the lock finds it."""
        text = "".join(f"{line}\n" for line in (*self.sources, *self.pins))
        return text.replace(TREE, tree.resolve().as_uri())

    def text_for(self, tree: Path) -> str:
        return self.text.replace(TREE, tree.resolve().as_uri())


def read(
    lock: Lock,
    tree: Path,
    content: bytes,
    *,
    interpreter: Interpreter,
    installer: Installer,
    cache: Path,
    job: Job,
) -> Recipe | Failed:
    """``content`` is the lock file's; ``cache`` keeps what uv made of the same lock before."""
    match lock:
        case RequirementsFile():
            return _of_requirements(lock, tree, content)
        case UvLock():
            exported = uvlock.export(
                lock,
                tree,
                content,
                interpreter=interpreter,
                installer=installer,
                cache=cache,
                job=job,
                stand_in=TREE,
            )
            return exported if isinstance(exported, Failed) else _of_uv_lock(lock, tree, exported)


def _of_requirements(lock: RequirementsFile, tree: Path, content: bytes) -> Recipe | Failed:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Failed(Reason.LOCK_MISSING, f"{lock.path} is not UTF-8 text; save it as UTF-8")
    parsed = requirements.parse(text, lock.path, tree=f"{TREE}{_below(lock.file.parent, tree)}")
    if isinstance(parsed, Failed):
        return parsed
    own = _own(parsed.own, lock.file.parent, tree, lock.path)
    if isinstance(own, Failed):
        return own
    return Recipe(
        "requirements.txt",
        "".join(f"{line}\n" for line in parsed.lines),
        ("--require-hashes",) if parsed.hashed and parsed.names else (),
        None if parsed.hashed else f"{lock.path} has no hashes",
        parsed.names,
        own,
    )


def _of_uv_lock(lock: UvLock, tree: Path, exported: uvlock.Exported) -> Recipe | Failed:
    own = _own(exported.own, lock.project, tree, lock.path)
    if isinstance(own, Failed):
        return own
    return Recipe(
        "pylock.toml",
        exported.text,
        ("--preview-features", "pylock"),
        _weakness(lock, exported),
        None,
        own,
    )


def _weakness(lock: UvLock, exported: uvlock.Exported) -> str | None:
    if exported.unchecked:
        return (
            f"{lock.path} was not compared with the project, whose dependencies are dynamic: "
            "finding them out would run its code"
        )
    if exported.unhashed:
        return f"{lock.path} has no hashes for {', '.join(exported.unhashed)}"
    return None


def _own(named: tuple[str, ...], folder: Path, tree: Path, lock: str) -> tuple[Path, ...] | Failed:
    """Paths as the lock names them → paths from the root. All must lie in the tree."""
    found = []
    for name in dict.fromkeys(named):
        path = (folder / name).resolve()
        if not path.is_relative_to(tree.resolve()) or not path.exists():
            return Failed(
                Reason.LOCK_MISSING,
                f"{lock} names {name}, which is not in this repository; "
                "commit it or depend on a published version",
            )
        found.append(path.relative_to(tree.resolve()))
    return tuple(found)


def _below(folder: Path, tree: Path) -> str:
    """``/sub`` for a folder below the root, the empty text for the root."""
    relative = folder.relative_to(tree).as_posix()
    return "" if relative == "." else f"/{relative}"
