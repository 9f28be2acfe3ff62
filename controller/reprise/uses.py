"""Who uses what in a shared folder: environments and clones, by runs of several processes.

A use is a file that names a path of the user; it lasts as long as that path exists, through crashes
and without a running process. So an environment is in use until the run's own folder was removed.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reprise import removal
from reprise.locks import locked

GONE = ".removed-"
"""Begins the name of what is being removed. Nobody else reads it, so whoever finds it may remove it."""
_SUFFIX = ".uses"
_LAST = "last"
_USER = "user-"
_SECONDS = 30.0
"""For a lock that is held for milliseconds."""


def use(place: Path, user: Path) -> None:
    """``place`` is needed while ``user`` exists. It need not exist yet.

    Raises Retryable when the folder's lock stays taken. Afterwards `remove_unused` leaves it alone.
    """
    with locked(_lock(place), timeout=_SECONDS):
        folder = _folder(place)
        folder.mkdir(mode=0o700, exist_ok=True)
        for record, other in _records(place):
            if not os.path.lexists(other):
                record.unlink(missing_ok=True)
        name = _USER + hashlib.sha256(os.fsencode(user)).hexdigest()[:32]
        (folder / name).write_bytes(os.fsencode(user.absolute()))
        (folder / _LAST).touch()


def touch(place: Path) -> None:
    """It was used just now, so `remove_unused` leaves it alone that decided before."""
    with locked(_lock(place), timeout=_SECONDS):
        folder = _folder(place)
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / _LAST).touch()


def user_of(place: Path) -> Path | None:
    """Somebody who uses it; None when nobody does."""
    return next((user for _, user in _records(place) if os.path.lexists(user)), None)


def last_use(place: Path) -> datetime:
    """When it was used last, else when it was made. Raises FileNotFoundError when it is gone."""
    made = place.stat().st_mtime
    with suppress(FileNotFoundError):  # older than this way of keeping books
        made = max(made, (_folder(place) / _LAST).stat().st_mtime)
    return datetime.fromtimestamp(made, UTC)


def remove_unused(place: Path, *, since: datetime) -> bool:
    """Remove it unless somebody uses it now or used it after ``since``; whether it is gone.

    It disappears at once and whole, by a rename; a crash in between leaves what `sweep` finds. The
    caller holds whatever lock its makers take. Raises Retryable when it cannot be removed.
    """
    with locked(_lock(place), timeout=_SECONDS):
        try:
            if user_of(place) is not None or last_use(place) > since:
                return False
        except FileNotFoundError:
            return True
        trash = set_aside(place)
        removal.remove_tree(_folder(place))
    if trash is not None:
        removal.remove_tree(trash)
    return True


def set_aside(path: Path) -> Path | None:
    """Give it a name that nobody reads, at once and whole; the new path, None when it is gone already."""
    try:
        return path.rename(path.with_name(GONE + secrets.token_hex(8)))
    except FileNotFoundError:
        return None


def remove_whole(path: Path) -> None:
    """For what has no users. Gone is fine. Raises Retryable when something stays."""
    trash = set_aside(path)
    if trash is not None:
        removal.remove_tree(trash)


def sweep(parent: Path) -> None:
    """Finish removals that were interrupted, and forget uses of what is gone.

    Raises Retryable when something stays.
    """
    for trash in parent.glob(f"{GONE}*"):
        removal.remove_tree(trash)
    for folder in parent.glob(f"*{_SUFFIX}"):
        place = folder.with_name(folder.name.removesuffix(_SUFFIX))
        with locked(_lock(place), timeout=_SECONDS):
            if not place.exists() and user_of(place) is None:
                removal.remove_tree(folder)


def _records(place: Path) -> Iterator[tuple[Path, Path]]:
    """Each record with the path that it names."""
    for record in sorted(_folder(place).glob(f"{_USER}*")):
        try:
            yield record, Path(os.fsdecode(record.read_bytes()))
        except FileNotFoundError:
            continue  # its user is gone, and somebody has just tidied up


def _folder(place: Path) -> Path:
    return place.with_name(place.name + _SUFFIX)


def _lock(place: Path) -> Path:
    return place.with_name("uses.lock")
