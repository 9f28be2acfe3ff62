"""The files that a build may read: which of them count, and their digest. Called by builder.py."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from reprise.domain.images import ignore
from reprise.domain.images.ignore import Ignore

IGNORE_FILE = ".dockerignore"
_PIECE = 1 << 20


def ignored(tree: Path, dockerfile: Path | None) -> Ignore | str:
    """The rules beside the Dockerfile, else those at the root; the pattern that cannot be understood."""
    own = dockerfile.with_name(f"{dockerfile.name}{IGNORE_FILE}") if dockerfile is not None else None
    file = own if own is not None and own.is_file() else tree / IGNORE_FILE
    if not file.is_file() or file.is_symlink():
        return Ignore()
    return ignore.parse(file.read_text(encoding="utf-8", errors="replace"))


def digest_of_tree(tree: Path, rules: Ignore) -> str:
    """Of every file's path, mode, and content or target; times do not count."""
    return _digest(tree, (path for path in _files(tree, "") if not rules.leaves_out(path)))


def digest_of(tree: Path, paths: Iterable[str]) -> str:
    """Of these files, and of everything in these folders; what is not there counts as absent."""
    found = (below for path in paths for below in _at(tree, path))
    return _digest(tree, found)


def _at(tree: Path, path: str) -> Iterator[str]:
    place = tree / path
    if place.is_dir() and not place.is_symlink():
        yield from _files(tree, f"{path}/")
    elif os.path.lexists(place):
        yield path


def _files(tree: Path, below: str) -> Iterator[str]:
    """Paths from the root, in an order that does not depend on the disk. Links are not followed."""
    with os.scandir(tree / below if below else tree) as found:
        entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
    for entry in entries:
        path = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(tree, f"{path}/")
        else:
            yield path


def _digest(tree: Path, paths: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        place = tree / path
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            held = b"link " + os.fsencode(os.readlink(place))
        elif stat.S_ISREG(mode):
            held = b"file %o " % stat.S_IMODE(mode) + _content(place)
        else:
            continue
        digest.update(os.fsencode(path) + b"\0" + held + b"\0")
    return digest.hexdigest()


def _content(place: Path) -> bytes:
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()
