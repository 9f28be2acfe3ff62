"""What a machine's own Python needs of its files, so that a container without an image can run it.

It needs nothing but a Python >= 3.8 and its standard library, so that another machine can be asked too: run
alone, it prints what it found.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT_NAMES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Where programs and the loader are looked for; links into ``/usr`` on most systems."""


@dataclass(frozen=True)
class OwnPython:
    program: str
    places: tuple[str, ...]
    """Folders and files that it needs, by their names on that machine."""
    links: tuple[tuple[str, str], ...]
    """Name in ``/`` → what it stands for."""


def own_python() -> OwnPython:
    program = os.path.realpath(sys.executable)
    roots = [Path("/", name) for name in ROOT_NAMES]
    real = [str(path) for path in roots if path.is_dir() and not path.is_symlink()]
    cache = ["/etc/ld.so.cache"] if Path("/etc/ld.so.cache").exists() else []
    places = ["/usr", *real, *cache]
    for place in (sys.base_prefix, str(Path(program).parent)):
        if not any(f"{place}/".startswith(f"{each}/") for each in places):
            places.append(place)
    links = tuple((path.name, os.readlink(path)) for path in roots if path.is_symlink())
    return OwnPython(program, tuple(places), links)


if __name__ == "__main__":
    print(json.dumps(asdict(own_python())))
