"""Puts fetched data into a trial's tree, as files of their own: what is in the cache is never lent to a job.

The tree is a stranger's, so a folder of the path that is a symbolic link is refused and never followed.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.fetched import FetchedFile
from reprise.domain.paths import parts_inside
from reprise.domain.run import Reason
from reprise.jobs import confined
from reprise.ports import Failed

_FICLONE = 0x40049409
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o444
_NOT_HERE = (errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENOTTY, errno.EPERM)
"""What a file system says that cannot do it."""


def place_data(tree: Path, data: Iterable[FetchedFile]) -> Failed | None:
    """In place of the pointers, if any. Repeatable. Raises OSError when the disk does not take it."""
    for file in data:
        try:
            _place(tree, file)
        except UserError as error:
            return Failed(Reason.DATA_MISSING, f"data: {error}: correct `data.path`")
    return None


def _place(tree: Path, file: FetchedFile) -> None:
    with ExitStack() as opened:
        *folders, name = parts_inside(file.path)
        folder = _folder(tree, folders, opened, shown=file.path)
        _make_room(folder, name, shown=file.path)
        given = os.open(file.location, os.O_RDONLY | os.O_CLOEXEC)
        opened.callback(os.close, given)
        made = os.open(name, _NEW, _MODE, dir_fd=folder)
        opened.callback(os.close, made)
        _copy(given, made)
        os.fchmod(made, _MODE)


def _folder(tree: Path, names: Sequence[str], opened: ExitStack, *, shown: str) -> int:
    """The descriptor of the last one; those that are missing are made."""
    at = os.open(tree, confined.FOLDER)
    opened.callback(os.close, at)
    for name in names:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=at)
        try:
            at = os.open(name, confined.FOLDER, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise UserError(f"`{name}` on the way to `{shown}` is no folder of the commit") from error
            raise
        opened.callback(os.close, at)
    return at


def _make_room(folder: int, name: str, *, shown: str) -> None:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise UserError(f"`{shown}` is a folder of the commit")
    os.unlink(name, dir_fd=folder)


def _copy(given: int, made: int) -> None:
    """Sharing blocks where the file system can, else inside the kernel, else by hand."""
    try:
        fcntl.ioctl(made, _FICLONE, given)
        return
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    left = os.fstat(given).st_size
    try:
        while left > 0 and (count := os.copy_file_range(given, made, left)):
            left -= count
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    while piece := os.read(given, 1 << 20) if left else b"":
        _write(made, piece)


def _write(made: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(made, view) :]
