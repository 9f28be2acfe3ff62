"""Where strangers' build scripts run: like a trial, but with a network. Called by installer.py.

A build sees what it installs into, what it installs from and a download cache of its own, which no other
part of Reprise uses, because builds can change it.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reprise.adapters.process.isolation import BUILD_UID
from reprise.adapters.process.quarters import Quarters, give
from reprise.jobs.prepare import SCRATCH
from reprise_runner import confinement

DOWNLOADS = "uv-builds"
BENCH = "build-"
"""Begins the name of a folder that lasts as long as one build."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What one build may write and read."""

    writable: tuple[Path, ...]
    readable: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What goes before a command, and into its environment."""

    before: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


@contextmanager
def wrapped(quarters: Quarters, cache: Path, bench: Bench, also: Sequence[Path]) -> Iterator[Wrapped]:
    """``also`` is read by the installer itself. What was written belongs to us again afterwards."""
    if not quarters.isolation.hides:
        yield Wrapped()
        return
    downloads = _downloads(cache, quarters)
    with tempfile.TemporaryDirectory(prefix=BENCH, dir=cache) as folder:
        scratch = Path(folder, "tmp")
        scratch.mkdir()
        plan = replace(quarters, shared=(downloads,)).plan(
            uid=BUILD_UID,
            writable=bench.writable,
            readable=[*bench.readable, *(path for path in also if path.exists())],
            scratch=scratch,
            network=True,
        )
        file = Path(folder, "plan.json")
        file.write_text(json.dumps(plan))
        temporary = SCRATCH if quarters.isolation.mounts else scratch
        launcher = (sys.executable, "-I", "-S", confinement.__file__, str(file))
        try:
            yield Wrapped(launcher, (("UV_CACHE_DIR", str(downloads)), ("TMPDIR", str(temporary))))
        finally:
            if quarters.isolation.uid:
                for path in bench.writable:
                    give(os.geteuid(), path)


def _downloads(cache: Path, quarters: Quarters) -> Path:
    downloads = cache / DOWNLOADS
    downloads.mkdir(exist_ok=True)
    if quarters.isolation.uid and downloads.stat().st_uid != BUILD_UID:
        give(BUILD_UID, downloads)
    return downloads
