"""Runs a command as an ordinary user although the tests run as root: ``ordinary.py COMMAND …``.

Python and this checkout may lie where such a user cannot go, so the command gets a view of the files in
which the way to them is open. It is a program of its own because it gives its rights away.
"""

import os
import sys
from pathlib import Path

from reprise_runner import confinement

UID = 65534
ROOT = Path(__file__).resolve().parent.parent


def main(command: list[str]) -> None:
    needed = sorted({Path(sys.base_prefix), Path(sys.prefix).absolute(), ROOT})
    confinement.libc("unshare", confinement.CLONE_NEWNS)
    confinement.mount("", "/", "", confinement.MS_REC | confinement.MS_PRIVATE)
    opened = [(path, os.open(path, os.O_PATH)) for path in needed]
    null = os.open(os.devnull, os.O_PATH)
    closed = {folder for path in needed for folder in path.parents if not folder.stat().st_mode & 1}
    for folder in sorted(closed):
        confinement.cover(str(folder), null)
    for path, source in opened:
        if not path.exists():
            confinement.make_place(str(path), source)
            confinement.bind(source, str(path), writable=True)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
