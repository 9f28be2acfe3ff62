"""Which file says what is installed. The order is the same on every backend. Called by builder.py."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reprise.domain import paths, pins
from reprise.domain.errors import UserError
from reprise.domain.pins import DETECTED
from reprise.domain.run import Reason
from reprise.domain.spec.model import EnvironmentRule
from reprise.ports import Failed

LIMIT_BYTES = 32 * 1024**2

HOW_TO_LOCK = "run `uv lock` and commit uv.lock, or commit a requirements.txt with hashes"


@dataclass(frozen=True, slots=True)
class UvLock:
    path: str
    """From the root of the tree."""
    file: Path

    @property
    def project(self) -> Path:
        return self.file.parent


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    path: str
    file: Path


Lock = UvLock | RequirementsFile


def choose(tree: Path, rule: EnvironmentRule) -> Lock | Failed:
    """The declared lock file, else the first of `DETECTED` at the root."""
    if rule.dockerfile is not None or rule.image is not None:
        return _needs_images("a Dockerfile" if rule.image is None else "a ready image")
    if rule.lock is not None:
        return _declared(tree, rule.lock)
    found = next((name for name in DETECTED if _is_file(tree, name)), None)
    if found is None:
        return Failed(
            Reason.LOCK_MISSING,
            f"there is no lock file at the root; {HOW_TO_LOCK} (looked for {', '.join(DETECTED)})",
        )
    return _of_kind(tree, found)


def _needs_images(what: str) -> Failed:
    return Failed(
        Reason.ENVIRONMENT_FAILED,
        f"the spec asks for {what}, which this backend has no use for and backend docker can; {HOW_TO_LOCK}",
    )


def content(lock: Lock) -> bytes | Failed:
    if lock.file.stat().st_size > LIMIT_BYTES:
        limit = LIMIT_BYTES // 1024**2
        return Failed(Reason.ENVIRONMENT_FAILED, f"{lock.path} is larger than {limit} MiB; lock less")
    return lock.file.read_bytes()


def _declared(tree: Path, declared: str) -> Lock | Failed:
    try:
        path = "/".join(paths.parts_inside(declared))
    except UserError as error:
        return Failed(Reason.LOCK_MISSING, f"environment.lock: {error}")
    if not _is_file(tree, path):
        return Failed(
            Reason.LOCK_MISSING,
            f"environment.lock names {declared}, which this commit does not hold; "
            f"commit it, or {HOW_TO_LOCK}",
        )
    return _of_kind(tree, path)


def _of_kind(tree: Path, path: str) -> Lock | Failed:
    name = PurePosixPath(path).name
    if name == "uv.lock":
        return UvLock(path, tree / path)
    if pins.is_installed_by_uv(name):
        return RequirementsFile(path, tree / path)
    return Failed(
        Reason.ENVIRONMENT_FAILED,
        f"this backend installs {pins.INSTALLED}, not {path}, which backend docker can; {HOW_TO_LOCK}",
    )


def _is_file(tree: Path, path: str) -> bool:
    """A regular file that really lies in the tree."""
    file = tree / path
    return file.is_file() and file.resolve().is_relative_to(tree.resolve())
