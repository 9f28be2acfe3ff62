"""A folder's files as `domain.adopt` reads them."""

import os
from pathlib import Path

from reprise.domain.lint.repo import Entry, Repo


def read_folder(root: Path) -> Repo:
    entries: dict[str, Entry] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in (".git", ".venv", "__pycache__"))
        for name in sorted(files):
            file = Path(folder) / name
            if file.is_file() and not file.is_symlink():
                path = file.relative_to(root).as_posix()
                entries[path] = Entry(path, file.stat().st_size)
    return Repo(entries, lambda path: (root / path).read_bytes() if path in entries else None)
