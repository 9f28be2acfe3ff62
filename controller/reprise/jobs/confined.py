"""Opens what strangers' trees contain without ever leaving them.

Every part of a path is opened from its parent's descriptor and never followed by the kernel. A
symlink is read and walked by us, so that a link inside the tree works and one that leads out is
refused, also when the tree is changed meanwhile. Used before a trial (removal of committed outputs,
digests of inputs) and after it (collection).
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reprise.domain.errors import UserError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""NONBLOCK: opening a FIFO that nobody writes to must not wait."""

MAX_LINKS = 40
MAX_OPEN = 256

KINDS = (
    (stat.S_ISREG, "a regular file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def open_regular(root: Path, parts: Sequence[str]) -> int | None:
    """A descriptor of the regular file, None when there is nothing of that name.

    Raises UserError, naming the path, when it leads out of ``root``, is no regular file or may not
    be read. Never blocks on a FIFO or device.
    """
    shown = "/".join(parts)
    with located(root, parts, follow_last=True) as place:
        if place is None:
            return None
        folder, name = place
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode):  # before open: that alone has effects on some devices
                raise UserError(f"`{shown}` is {kind(mode)}, not a regular file")
            descriptor = os.open(name, FILE, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"`{shown}` cannot be read: {error.strerror}") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise UserError(f"`{shown}` is not a regular file any more")


def first_link(root: Path, parts: Sequence[str]) -> str | None:
    """The shortest beginning of the path that is a symbolic link; None when there is none or it ends before.

    Raises UserError when a folder on the way cannot be entered.
    """
    for count in range(1, len(parts) + 1):
        with located(root, parts[:count], follow_last=False) as place:
            if place is None:
                return None
            folder, name = place
            if _link(name, folder) is not None:
                return "/".join(parts[:count])
    return None


def remove_file(root: Path, parts: Sequence[str]) -> bool:
    """Remove the regular file or symbolic link of that name; False when there is none.

    Folders stay. A name that leads out of ``root`` names nothing that could be removed.
    """
    try:
        with located(root, parts, follow_last=False) as place:
            if place is None:
                return False
            folder, name = place
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                return False
            os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, UserError):
        return False
    return True


def is_folder(root: Path, parts: Sequence[str]) -> bool:
    """Whether the path names a folder inside ``root``, possibly through links that stay inside."""
    try:
        with located(root, parts, follow_last=True) as place:
            if place is None:
                return False
            folder, name = place
            return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (FileNotFoundError, UserError):
        return False


def is_real_folder(root: Path) -> bool:
    """Whether a root is still the folder that we made, not a link put in its place."""
    try:
        return stat.S_ISDIR(root.lstat().st_mode)
    except OSError:
        return False


def kind(mode: int) -> str:
    return next((name for test, name in KINDS if test(mode)), "a special file")


@contextmanager
def located(root: Path, parts: Sequence[str], *, follow_last: bool) -> Iterator[tuple[int, str] | None]:
    """The folder's descriptor and the name in it; None when a folder on the way is missing.

    With ``follow_last`` the name is no symbolic link. It need not exist.
    """
    with ExitStack() as opened:
        yield _locate(root, parts, follow_last=follow_last, opened=opened)


def _locate(
    root: Path, parts: Sequence[str], *, follow_last: bool, opened: ExitStack
) -> tuple[int, str] | None:
    pending = list(reversed(parts))
    at = [_enter_root(root, opened)]
    links = opens = 0
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if len(at) == 1:
                raise _outside(parts)
            at.pop()
            continue
        if not pending and not follow_last:
            return at[-1], name
        target = _link(name, at[-1])
        if target is not None:
            links += 1
            if links > MAX_LINKS:
                raise UserError(f"`{'/'.join(parts)}` goes through too many symbolic links")
            if target.startswith("/"):
                target, at = _inside(root, target, parts), at[:1]
            pending.extend(reversed(target.split("/")))
            continue
        if not pending:
            return at[-1], name
        opens += 1
        if opens > MAX_OPEN:
            raise UserError(f"`{'/'.join(parts)}` goes through too many folders")
        try:
            at.append(_enter(name, at[-1], opened))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise _unreachable(error, parts) from error
    return at[-1], "."


def _enter_root(root: Path, opened: ExitStack) -> int:
    try:
        return _enter(root, None, opened)
    except OSError as error:
        raise UserError(f"the folder `{root.name}` cannot be opened: {error.strerror}") from error


def _enter(name: str | Path, parent: int | None, opened: ExitStack) -> int:
    descriptor = os.open(name, FOLDER, dir_fd=parent)
    opened.callback(os.close, descriptor)
    return descriptor


def _link(name: str, folder: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None  # missing, or not a link; whoever opens it next finds out which


def _inside(root: Path, target: str, parts: Sequence[str]) -> str:
    """An absolute link into the root itself, as programs write them, relative to the root."""
    prefix = f"{root}/"
    if not target.startswith(prefix):
        raise _outside(parts)
    return target[len(prefix) :]


def _unreachable(error: OSError, parts: Sequence[str]) -> UserError:
    if error.errno == errno.ELOOP:  # turned into a link since we looked
        return _outside(parts)
    return UserError(f"`{'/'.join(parts)}` cannot be reached: {error.strerror}")


def _outside(parts: Sequence[str]) -> UserError:
    return UserError(f"`{'/'.join(parts)}` leads out of its folder through a symbolic link")
