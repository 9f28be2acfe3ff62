"""Verified objects of one bare cache: what does not hash to its name is never handed out.

The chain starts at the commit's sha, so a commit, its trees and its blobs are what the author
committed, whatever happened to our disk. Called by source.py and export.py.
"""

import hashlib
import os
import re
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self, cast

import git

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Sha
from reprise.ports import Commit

CHUNK_BYTES = 1024**2
SMALL_BYTES = 64 * 1024**2
"""Most for a commit or one folder's listing, which are read whole."""

_COMMITTER = re.compile(rb"^committer .*> (-?\d+) [+-]\d+$", re.MULTILINE)
_TREE = re.compile(rb"tree ([0-9a-f]{40})\n")
_PARENT = re.compile(rb"tree [0-9a-f]{40}\nparent ([0-9a-f]{40})\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree object."""

    name: str
    mode: int
    sha: Sha

    @property
    def is_folder(self) -> bool:
        return stat.S_IFMT(self.mode) == stat.S_IFDIR

    @property
    def is_file(self) -> bool:
        return stat.S_IFMT(self.mode) == stat.S_IFREG

    @property
    def is_link(self) -> bool:
        return stat.S_IFMT(self.mode) == stat.S_IFLNK

    @property
    def is_submodule(self) -> bool:
        return stat.S_IFMT(self.mode) == 0o160000

    @property
    def is_executable(self) -> bool:
        return self.is_file and bool(self.mode & 0o100)


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of one file, still to be read."""

    sha: Sha
    size: int
    """Bytes."""
    _answers: IO[bytes]
    _damaged: Retryable

    def copy_to(self, file: IO[bytes]) -> None:
        """Byte for byte. Raises Retryable when the content is not what its name says."""
        digest = hashlib.sha1(b"blob %d\0" % self.size)  # noqa: S324 - git's own names
        left = self.size
        while left and (chunk := self._answers.read(min(left, CHUNK_BYTES))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
        if digest.hexdigest() != self.sha or self._answers.read(1) != b"\n":
            raise self._damaged


class _Stream(Protocol):
    type: bytes | str
    size: int

    def read(self, size: int = -1) -> bytes: ...


class Objects:
    """Reads one cache. A context manager, for one thread: it owns two ``git cat-file`` processes."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """``environment``: what git may see, as `commands.environment` makes it."""
        self._folder = folder
        self._environment = {
            **environment,
            "GIT_DIR": str(folder),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
        }
        self._repo = git.Repo(folder, expand_vars=False)
        # GitPython also hands our own process's variables on; those that would lead elsewhere are set.
        self._repo.git.update_environment(
            **self._environment, GIT_ALTERNATE_OBJECT_DIRECTORIES="", GIT_CONFIG_PARAMETERS=""
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._repo.close()

    def rest(self) -> None:
        """End the processes; the next question starts them again."""
        self._repo.git.clear_cache()

    def has(self, sha: Sha) -> bool:
        return self._header(sha) is not None

    def size(self, sha: Sha) -> int:
        """Bytes of an object. Raises Retryable when it is missing."""
        header = self._header(sha)
        if header is None:
            raise self._damaged(sha)
        return header[1]

    def commit(self, sha: Sha) -> Commit:
        """Raises Refused when the object is not a commit that can be used."""
        found = self.find_commit(sha)
        if found is None:
            raise Refused(f"{sha[:12]} is not a commit but a nothing; tag a commit")
        return found

    def find_commit(self, sha: Sha) -> Commit | None:
        """None when nothing has this name. Asks one process only: starting a second takes as long again."""
        stream = self._find(sha)
        if stream is None:
            return None
        kind = os.fsdecode(stream.type)
        if kind != "commit":
            _drain(stream)
            raise Refused(f"{sha[:12]} is not a commit but a {kind}; tag a commit")
        content = self._content(stream, sha, "commit", SMALL_BYTES)
        del stream
        tree, committer = _TREE.match(content), _COMMITTER.search(content)
        if tree is None or committer is None:
            raise Refused(f"commit {sha[:12]} has a header that cannot be read; repair the history")
        return Commit(sha, tree[1].decode(), _moment(int(committer[1])))

    def parent(self, sha: Sha) -> Sha | None:
        """The first one of a commit, which may be missing here."""
        found = _PARENT.match(self._whole(sha, "commit"))
        return Sha(found[1].decode()) if found is not None else None

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """Raises Refused when the listing is malformed."""
        return tuple(parse_tree(self._whole(Sha(tree), "tree")))

    def content(self, blob: Sha) -> bytes:
        return self._whole(blob, "blob", limit=None)

    @contextmanager
    def blobs(self, wanted: Sequence[Sha], *, timeout: float) -> Iterator[Iterator[Blob]]:
        """Many blobs in their order. Each must be copied before the next is asked for.

        All names are handed to one git at once: asking for each alone costs a millisecond a file.
        """
        with tempfile.TemporaryFile() as names:
            names.write("".join(f"{sha}\n" for sha in wanted).encode())
            names.seek(0)
            process = subprocess.Popen(
                ["git", "cat-file", "--batch", "--buffer"],
                stdin=names,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                cwd=self._folder,
            )
            stdout = cast("IO[bytes]", process.stdout)  # a pipe was asked for
            late = threading.Timer(timeout, process.kill)
            late.start()
            try:
                with stdout as answers:
                    yield (self._next(sha, answers) for sha in wanted)
            finally:
                late.cancel()
                process.kill()
                process.wait()

    def _next(self, sha: Sha, answers: IO[bytes]) -> Blob:
        head = answers.readline().split()
        if len(head) != 3 or head[0] != sha.encode() or head[1] != b"blob":
            raise self._damaged(sha)
        return Blob(sha, int(head[2]), answers, self._damaged(sha))

    def _whole(self, sha: Sha, kind: str, *, limit: int | None = SMALL_BYTES) -> bytes:
        stream = self._find(sha)
        if stream is None:
            raise self._damaged(sha)
        return self._content(stream, sha, kind, limit)

    def _content(self, stream: _Stream, sha: Sha, kind: str, limit: int | None) -> bytes:
        """The caller drops the stream while its process still runs: GitPython then reads what is left."""
        if limit is not None and stream.size > limit:
            _drain(stream)
            raise Refused(f"{kind} {sha[:12]} is larger than {limit // 1024**2} MiB; split the folder")
        content = bytes(stream.read())
        digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content)  # noqa: S324
        if digest.hexdigest() != sha:
            raise self._damaged(sha)
        return content

    def _header(self, sha: Sha) -> tuple[str, int] | None:
        try:
            _, kind, size = self._repo.git.get_object_header(sha)
        except ValueError:
            return None
        except BrokenPipeError as error:
            raise self._damaged(sha) from error
        return os.fsdecode(kind), size

    def _find(self, sha: Sha) -> _Stream | None:
        try:
            stream: _Stream = self._repo.odb.stream(bytes.fromhex(sha))
        except ValueError:
            return None
        except BrokenPipeError as error:
            raise self._damaged(sha) from error
        return stream

    def _damaged(self, sha: Sha) -> Retryable:
        return Retryable(
            f"object {sha[:12]} is missing or damaged in {self._folder}; "
            "remove that folder, it is fetched again"
        )


def parse_tree(content: bytes) -> Iterator[Entry]:
    """The lines of a tree object: ``mode SP name NUL`` and 20 bytes of sha."""
    offset = 0
    while offset < len(content):
        head_end = content.find(b"\0", offset)
        mode, space, name = content[offset:head_end].partition(b" ")
        offset = head_end + 21
        if head_end < 0 or not space or not re.fullmatch(rb"[0-7]{5,6}", mode) or offset > len(content):
            raise Refused("the commit holds a folder listing that cannot be read; repair the history")
        yield Entry(os.fsdecode(name), int(mode, 8), Sha(content[head_end + 1 : offset].hex()))


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise Refused(f"the commit's date ({seconds} s) is no date; commit again") from error


def _drain(stream: _Stream) -> None:
    """Unread bytes would be taken for the answer to the next question."""
    while stream.read(CHUNK_BYTES):
        pass
