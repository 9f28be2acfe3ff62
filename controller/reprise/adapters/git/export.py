"""Lays the tree of a commit out as files: blobs as they are, no filter, no ``.git``, nothing outside.

Called by source.py. Whatever cannot be laid out safely is refused with a sentence for the author
before the folder appears under its name.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.git.objects import Blob, Entry, Objects
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Sha

LINK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What one commit may hold."""

    total_bytes: int = 2 * 1024**3
    files: int = 200_000
    """Files and folders together."""
    submodules: int = 50
    nesting: int = 5
    """Submodules inside submodules."""
    listing_bytes: int = 64 * 1024**2
    """Of the remote's list of tags: enough for half a million."""


@dataclass(frozen=True, slots=True)
class Root:
    """One repository's tree and its place in what is laid out."""

    prefix: str
    """Empty for the commit's own, else the submodule's path with a slash at its end."""
    objects: Objects
    tree: str


Graft = Callable[[Root, str, Sha], Root]
"""(the root that holds it, a submodule's path, its recorded commit) → what stands there"""


@dataclass(frozen=True, slots=True)
class _Item:
    path: str
    entry: Entry
    objects: Objects


def lay_out(top: Root, into: Path, limits: Limits, *, timeout: float, graft: Graft) -> None:
    """Write a tree into a folder that does not exist yet. All of it, or nothing.

    Raises Refused for trees that must not be laid out, Retryable when the disk did not take it, and
    what ``graft`` raises.
    """
    if into.exists():
        raise FileExistsError(errno.EEXIST, "a tree is exported into a new folder", str(into))
    items = tuple(_checked(walk(top, limits, graft)))
    # The name cannot be guessed, so no link in the tree can lead back in by it.
    partial = into.with_name(f"{into.name}.{secrets.token_hex(8)}")
    try:
        partial.mkdir(parents=True)
        _write(items, partial, limits, timeout)
        partial.rename(into)
    except OSError as error:
        raise _explained(error, into) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def walk(top: Root, limits: Limits, graft: Graft) -> Iterator[_Item]:
    """Everything in a tree, a folder before its content. Bounded, however often folders repeat.

    Whoever takes an item refuses it before the next is asked for: a submodule is only then fetched.
    """
    roots, count = [top], 0
    while roots:
        root = roots.pop()
        for item in _tree(root):
            count += 1
            if count > limits.files:
                raise Refused(f"the commit holds more than {limits.files} files; pack them into an archive")
            yield item
            if item.entry.is_submodule:
                roots.append(graft(root, item.path, item.entry.sha))
        root.objects.rest()


def _tree(root: Root) -> Iterator[_Item]:
    waiting = [(root.prefix, root.tree)]
    while waiting:
        folder, sha = waiting.pop()
        for entry in root.objects.entries(sha):
            path = f"{folder}{entry.name}"
            yield _Item(path, entry, root.objects)
            if entry.is_folder:
                waiting.append((f"{path}/", entry.sha))


def _checked(items: Iterator[_Item]) -> Iterator[_Item]:
    seen: set[str] = set()
    for item in items:
        problem = _problem(item, seen)
        if problem is not None:
            raise Refused(problem)
        seen.add(item.path)
        yield item


def _problem(item: _Item, seen: set[str]) -> str | None:
    name, shown = item.entry.name, printable(item.path)
    if name.casefold() == ".git":
        return f"{shown} is named like git's own folder; rename it"
    if name in ("", ".", "..") or "/" in name:
        return f"the commit holds an entry with the unusable name {shown}; repair the history"
    if item.path in seen:
        return f"the commit holds {shown} twice; repair the history"
    if item.entry.is_folder or item.entry.is_file or item.entry.is_link or item.entry.is_submodule:
        return None
    return f"the commit holds {shown} as something that is no file, folder or link; repair the history"


def _write(items: tuple[_Item, ...], root: Path, limits: Limits, timeout: float) -> None:
    """Links come last, so that no file is ever written through one."""
    for item in items:
        if item.entry.is_folder or item.entry.is_submodule:
            (root / item.path).mkdir()
    of: dict[Objects, list[_Item]] = {}
    for item in items:
        if item.entry.is_file:
            of.setdefault(item.objects, []).append(item)
    left = limits.total_bytes
    for objects, files in of.items():
        left = _write_files(objects, files, root, left, limits, timeout)
    links = tuple(item for item in items if item.entry.is_link)
    for item in links:
        _write_link(item, root)
    for item in links:
        _confine(item.path, root)


def _write_files(
    objects: Objects, files: Sequence[_Item], root: Path, left: int, limits: Limits, timeout: float
) -> int:
    """How many bytes may still be written afterwards."""
    with objects.blobs([item.entry.sha for item in files], timeout=timeout) as blobs:
        for item, blob in zip(files, blobs, strict=True):
            left -= blob.size
            if left < 0:
                raise Refused(
                    f"the commit's files add up to more than {limits.total_bytes} bytes; "
                    "move large files to a data archive"
                )
            _write_file(blob, item.entry, root / item.path)
    return left


def _write_file(blob: Blob, entry: Entry, target: Path) -> None:
    mode = 0o755 if entry.is_executable else 0o644
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        blob.copy_to(file)


def _write_link(item: _Item, root: Path) -> None:
    if item.objects.size(item.entry.sha) > LINK_BYTES:
        raise Refused(f"the link {printable(item.path)} has a target that is too long; shorten it")
    target = os.fsdecode(item.objects.content(item.entry.sha))
    if not stays_inside(item.path, target):
        raise Refused(
            f"the link {printable(item.path)} leads out of the repository "
            f"({printable(target)}); link to a file inside it, relatively"
        )
    os.symlink(target, root / item.path)


def stays_inside(path: str, target: str) -> bool:
    """Whether a link's text alone keeps it inside: relative, and never above the root on its way."""
    if not target or target.startswith("/") or "\0" in target:
        return False
    depth = path.count("/")
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return False
    return True


def _confine(path: str, root: Path) -> None:
    """The same with other links in between: ``a/..`` is elsewhere when ``a`` is a link."""
    real_root = os.path.realpath(root)
    real = os.path.realpath(root / path)
    if real != real_root and not real.startswith(real_root + os.sep):
        raise Refused(f"the link {printable(path)} leads out of the repository by way of another link")


def printable(path: str) -> str:
    """A path of a stranger's for a sentence: no control characters, not endless."""
    shown = path.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "?" for c in shown)[:200] or "(empty)"


def _explained(error: OSError, into: Path) -> Refused | Retryable:
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP, errno.EILSEQ, errno.EINVAL):
        return Refused(f"the commit holds a path that this system cannot store ({error.strerror})")
    return Retryable(f"the tree could not be written to {into}: {error.strerror}")
