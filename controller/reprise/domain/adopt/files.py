"""Committed files that the job reads: their digests go into the spec, and what is absent is named."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from reprise.domain.adopt.job import place
from reprise.domain.adopt.model import Data, Left, Place
from reprise.domain.adopt.words import below
from reprise.domain.lint.python import Call, Python
from reprise.domain.lint.repo import Repo

_READERS = frozenset(
    {
        *("read_csv", "read_table", "read_parquet", "read_excel", "read_feather", "read_hdf", "read_json"),
        *("loadtxt", "genfromtxt", "load", "loadmat", "open", "scan_csv", "load_npz"),
    }
)
_ENDINGS = (
    *(".csv", ".tsv", ".parquet", ".npz", ".npy", ".arff", ".h5", ".hdf5", ".mat", ".feather", ".xlsx"),
    *(".csv.gz", ".tsv.gz", ".jsonl", ".pkl", ".dat", ".data", ".libsvm", ".arrow"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_MOST = 50


def find(repo: Repo, code: Sequence[Python], workdir: str) -> tuple[tuple[Data, ...], tuple[Left, ...]]:
    data: dict[str, Data] = {}
    left: dict[str, Left] = {}
    for path, where in _read(code, workdir):
        entry = repo.entries.get(path)
        content = repo.load(path) if entry is not None else None
        if entry is None:
            left.setdefault(path, _absent(path, where))
        elif content is None:
            left.setdefault(path, _unread(path, where))
        elif content.startswith(_POINTER):
            left.setdefault(path, _pointer(path, where))
        else:
            data.setdefault(path, Data(path, hashlib.sha256(content).hexdigest(), where))
    return tuple(data.values())[:_MOST], tuple(left.values())[:_MOST]


def _read(code: Sequence[Python], workdir: str) -> Iterator[tuple[str, Place]]:
    written = {path for python in code for call in python.calls for path in _named(call) if not _reads(call)}
    for python in code:
        for call in python.calls:
            for path in _named(call):
                if _reads(call) and path not in written:
                    yield below(workdir, path), place(python, call.line)


def _named(call: Call) -> Iterator[str]:
    """A relative path with an ending of data, written out as the first argument."""
    first = call.argument("filepath_or_buffer", 0)
    text = first.value if isinstance(first, ast.Constant) else None
    if not isinstance(text, str) or not text.isprintable() or "://" in text or len(text) > 500:
        return
    parts = PurePosixPath(text).parts
    if text.lower().endswith(_ENDINGS) and not text.startswith(("/", "~")) and ".." not in parts:
        yield PurePosixPath(text).as_posix()


def _reads(call: Call) -> bool:
    name = call.name.rpartition(".")[2]
    if name not in _READERS:
        return False
    mode = call.argument("mode", 1) if name == "open" else None
    written = mode.value if isinstance(mode, ast.Constant) else "r"
    return isinstance(written, str) and not set(written) & set("wax+")


def _absent(path: str, where: Place) -> Left:
    return Left(
        f"{path} is read, and not committed",
        "commit it, or have the job make it from what is",
        where,
    )


def _unread(path: str, where: Place) -> Left:
    return Left(
        f"{path} is read, and too large or no plain file, so that its digest was not taken",
        "declare it under data with its sha256",
        where,
    )


def _pointer(path: str, where: Place) -> Left:
    return Left(
        f"{path} is committed as a pointer of Git LFS, whose content a run does not fetch",
        "commit the file itself",
        where,
    )
