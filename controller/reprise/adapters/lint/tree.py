"""A commit's tree on disk, as the rules see a repository. Called by `look`; follows no link.

Whoever wrote the commit wrote every name and byte in here, and where a link leads nobody knows.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reprise.domain.lint.repo import MOST_BYTES, MOST_FILES, Entry, Experiment, Kind, Repo
from reprise.domain.lint.request import LintRequest
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.model import BadSpec
from reprise.domain.spec.names import experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.regular import read_regular


def repo_of(request: LintRequest) -> Repo:
    """Only the experiment that is to be run: what is wrong with another one keeps no run back.

    Raises OSError when the tree cannot be read, ValueError when it holds too much.
    """
    entries = {}
    for entry in _walk(request.tree, frozenset(request.submodules)):
        entries[entry.path] = entry
        if len(entries) > MOST_FILES:
            raise ValueError(f"more than {MOST_FILES:,} files")
    entries = dict(sorted(entries.items()))
    load = partial(_load, request.tree, entries)
    return Repo(entries, load, tuple(_experiments(load, request)), partial(_before, request))


def _walk(tree: Path, submodules: frozenset[str]) -> Iterator[Entry]:
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(tree / folder) as found:
            for each in found:
                path = f"{folder}/{each.name}" if folder else each.name
                if not _printable(path):
                    continue
                if path in submodules:
                    yield Entry(path, 0, Kind.SUBMODULE)
                elif each.is_symlink():
                    yield Entry(path, each.stat(follow_symlinks=False).st_size, Kind.LINK)
                elif each.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif each.is_file(follow_symlinks=False):
                    yield Entry(path, each.stat(follow_symlinks=False).st_size)


def _printable(path: str) -> bool:
    """A name that is no UTF-8 cannot be shown, so nothing can be said about it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _load(tree: Path, entries: dict[str, Entry], path: str) -> bytes | None:
    entry = entries.get(path)
    if entry is None or entry.kind is not Kind.FILE or entry.size > MOST_BYTES:
        return None
    return read_regular(tree / path, MOST_BYTES)


def _before(request: LintRequest, path: str) -> bytes | None:
    """Of the parent commit only the spec file is at hand."""
    known = path == request.spec_file and request.before is not None
    return (request.before or "").encode() if known else None


def _experiments(load: partial[bytes | None], request: LintRequest) -> Iterator[Experiment]:
    data, file = load(request.spec_file), request.spec_file
    if data is None:
        return
    spec = parse_spec(data, file=file, default_name=experiment_name(file, request.repository))
    if not isinstance(spec, BadSpec) and not check_files(spec, load, file=file):
        yield Experiment(file, data.decode("utf-8-sig"), spec)
