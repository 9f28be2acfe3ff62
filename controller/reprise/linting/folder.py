"""A folder as the lint sees it. Nothing outside of it is opened: no link is followed, no ``..`` taken."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from reprise.adapters.git.listing import Listed, earlier, list_files
from reprise.domain.errors import UserError
from reprise.domain.lint.repo import MOST_BYTES, MOST_FILES, Entry, Experiment, Kind, Repo
from reprise.regular import read_regular

LEFT_OUT = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        ".venv",
        "venv",
        "node_modules",
        ".tox",
        ".nox",
        ".ipynb_checkpoints",
    )
)
"""Folders that are nobody's source, where no git says which files are."""


def repo_of(root: Path, experiments: Iterable[Experiment]) -> Repo:
    """What git would commit of a folder, else all of its files. Raises UserError when they are too many."""
    folder = Folder(root)
    listed = list_files(folder.root) or tuple(map(Listed, _walk(folder.root)))
    if len(listed) > MOST_FILES:
        raise UserError(f"{root} has more than {MOST_FILES} files: name the folder of one experiment")
    found = (folder.entry(each) for each in sorted(listed, key=lambda each: each.path))
    entries = {entry.path: entry for entry in found if entry is not None}

    def load(path: str) -> bytes | None:
        entry = entries.get(path)
        return folder.read(path) if entry is not None and entry.kind is Kind.FILE else None

    def before(path: str) -> bytes | None:
        return earlier(folder.root, path, load(path)) if _inside(path) else None

    return Repo(entries, load, tuple(experiments), before)


class Folder:
    """Reads and writes files below one folder, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._sound: dict[str, bool] = {}

    def entry(self, listed: Listed) -> Entry | None:
        """None of what is not there, or is reached through a link."""
        place = self._place(listed.path)
        if place is None:
            return None
        try:
            status = os.lstat(place)
        except (OSError, ValueError):
            return Entry(listed.path, 0, Kind.SUBMODULE) if listed.submodule else None
        if stat.S_ISDIR(status.st_mode):
            return Entry(listed.path, 0, Kind.SUBMODULE)
        if stat.S_ISLNK(status.st_mode):
            return Entry(listed.path, status.st_size, Kind.LINK)
        return Entry(listed.path, status.st_size) if stat.S_ISREG(status.st_mode) else None

    def read(self, path: str) -> bytes | None:
        """None of what is no ordinary file, may not be read, or has more than `MOST_BYTES`."""
        place = self._place(path)
        return read_regular(place, MOST_BYTES) if place is not None else None

    def write(self, path: str, data: bytes) -> None:
        """Whole or not at all, with the permissions it had. Raises UserError where that cannot be."""
        place = self._place(path)
        if place is None or os.path.islink(place):
            raise UserError(f"{path} is reached through a link: mend it by hand")
        partial = f"{place}.reprise-partial"
        try:
            mode = stat.S_IMODE(os.lstat(place).st_mode)
            with open(partial, "xb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(data)
            os.replace(partial, place)
        except OSError as error:
            Path(partial).unlink(missing_ok=True)
            raise UserError(f"{path} cannot be written ({error.strerror}): mend it by hand") from error

    def _place(self, path: str) -> str | None:
        """Where it lies, if every folder on the way is a folder."""
        if not _inside(path):
            return None
        above = path.rpartition("/")[0]
        if above not in self._sound:
            folder = os.path.join(self.root, above) if above else str(self.root)
            self._sound[above] = os.path.realpath(folder) == folder
        return os.path.join(self.root, path) if self._sound[above] else None


def _inside(path: str) -> bool:
    parts = path.split("/")
    return "\0" not in path and not any(part in ("", ".", "..") for part in parts)


def _walk(root: Path) -> Iterator[str]:
    """Every file, but for what is nobody's source; a little more than `MOST_FILES` at most."""
    count = 0
    for folder, folders, files in os.walk(root, onerror=None, followlinks=False):
        folders[:] = sorted(
            name for name in folders if name not in LEFT_OUT and not _environment(folder, name)
        )
        above = os.path.relpath(folder, root)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            yield name if above == "." else f"{above}/{name}"
        count += len(files)
        if count > MOST_FILES:
            return


def _environment(folder: str, name: str) -> bool:
    return os.path.lexists(os.path.join(folder, name, "pyvenv.cfg"))
