"""Closes a folder against change and tells later whether it changed. Called by environments.py.

Write permission stops an ordinary user's job; the fingerprint also finds what a job of root did.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def close(folder: Path) -> None:
    """Readable by everybody and writable by nobody, below and at the folder. Links are left alone."""
    for entry in _entries(folder):
        if not entry.is_symlink():
            os.chmod(entry.path, _closed(entry.stat().st_mode))
    os.chmod(folder, _closed(folder.stat().st_mode))


def _closed(mode: int) -> int:
    """Nobody writes, and others may do whatever else the owner may: jobs are other users."""
    owners = (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6
    return (mode & ~_WRITE & 0o7777) | owners


def fingerprint(folder: Path) -> str:
    """sha256 over every path with its mode, size, times and link target; contents are not read.

    The change time is part of it because a job can set a file's modification time back, but not that.
    """
    digest = hashlib.sha256()
    begin = len(str(folder))
    for entry in _entries(folder):
        about = entry.stat(follow_symlinks=False)
        target = os.readlink(entry.path) if entry.is_symlink() else ""
        times = f"{about.st_mtime_ns} {about.st_ctime_ns}"
        line = f"{entry.path[begin:]}\0{about.st_mode:o} {about.st_size} {times}\0{target}\0"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below, in an order that does not depend on the disk; links are not followed."""
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
