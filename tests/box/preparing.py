"""Everything that is made once: packages, programs, images."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.box import images, packages, programs
from tests.box.caching import alone, note_seconds
from tests.box.lacking import Lacking


@dataclass(frozen=True)
class Prepared:
    programs: programs.Programs
    debian: Path
    bare: Path


def prepare() -> Prepared:
    """Raises Lacking."""
    if os.geteuid() != 0:
        raise Lacking("a Docker Engine of its own needs root")
    with alone():
        if packages.missing():
            with note_seconds("Debian packages"):
                packages.install_missing()
        return Prepared(programs.programs(), images.debian(), images.bare())
