"""What a job sees of this machine's files, and as whom. Called by runner.py and installer.py.

Hidden: the state folder and the cache (databases, other runs, clones), the controller's home and
the files that its secrets come from. Shown of them: what this job works in, and what it runs with.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.adapters.process.groups import NO_GROUPS, Groups
from reprise.adapters.process.isolation import NONE, Isolation
from reprise.domain.errors import Refused, Retryable

OTHERS_ENTER = 0o001
RUNTIME = Path("/run")
"""Sockets of the system and of people's sessions: a path reaches them through any network namespace."""
RESOLVER = Path("/etc/resolv.conf")
CHOWN_SECONDS = 300
MAX_PROCESSES = 4096


@dataclass(frozen=True, slots=True)
class Quarters:
    """How jobs are kept apart, and what is kept from them."""

    isolation: Isolation = NONE
    hidden: tuple[Path, ...] = ()
    """Folders and files; what does not exist is skipped."""
    shared: tuple[Path, ...] = ()
    """Folders of the operator's that every job sees, writable where its user may."""
    max_processes: int = MAX_PROCESSES
    groups: Groups = NO_GROUPS

    def plan(
        self,
        *,
        uid: int,
        writable: Sequence[Path],
        readable: Iterable[Path],
        scratch: Path,
        network: bool,
    ) -> dict[str, Any]:
        """The fields of a `confinement.Plan`. Opens ways and gives ``writable`` away where that is needed.

        ``network``: whether the job has one. Raises Refused with a sentence for the operator.
        """
        how = self.isolation
        shared = [path for path in self.shared if path.exists()]
        shown = _shown([*writable, *shared], readable, scratch, network=network)
        hidden = _hidden(self.hidden)
        if how.uid:
            give(uid, *writable, scratch)
        if how.uid and how.mounts:
            hidden = _hidden([*hidden, *_closed([path for path, _ in shown])])
        elif how.uid:
            _open_ways([path for path, _ in shown], hidden)
        return {
            "uid": uid if how.uid else None,
            "user": how.user_namespace,
            "mounts": how.mounts,
            "network_off": how.network and not network,
            "hide": [str(path) for path in hidden] if how.mounts else [],
            "show": [[str(path), changes] for path, changes in shown] if how.mounts else [],
            "scratch": str(scratch) if how.mounts else "",
            "processes": self.max_processes,
        }


def interpreter_of(environment: Path) -> tuple[Path, ...]:
    """The installation behind a virtual environment's ``python``, by the name it has and by its real one."""
    found = [*interpreter_of_path(environment / "bin" / "python")]
    try:
        lines = (environment / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "home" and value.strip().startswith("/"):
            found.append(Path(value.strip()).parent)
    return tuple(dict.fromkeys(path for path in found if len(path.parts) > 1))


def interpreter_of_path(python: Path) -> tuple[Path, ...]:
    """The installation that a ``python`` leads to."""
    return (Path(os.path.realpath(python)).parent.parent,)


def _shown(
    writable: Iterable[Path], readable: Iterable[Path], scratch: Path, *, network: bool
) -> list[tuple[Path, bool]]:
    resolver = [Path(os.path.realpath(RESOLVER))] if network and RESOLVER.exists() else []
    found = dict.fromkeys([*readable, *resolver], False) | dict.fromkeys([*writable, scratch], True)
    real = {Path(os.path.realpath(path)): changes for path, changes in found.items()}
    return sorted((real | found).items())


def _hidden(paths: Iterable[Path]) -> list[Path]:
    """Those that exist, outermost only."""
    kept: list[Path] = []
    for path in sorted({path for path in (*paths, RUNTIME) if path.exists()}):
        if not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return kept


def _closed(paths: Iterable[Path]) -> list[Path]:
    """Folders on the way to these that other users may not enter."""
    return [folder for path in paths for folder in path.parents if not _is_open(folder)]


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & OTHERS_ENTER)


def give(uid: int, *folders: Path) -> None:
    """The whole of these folders to this user; nothing of a job runs while this happens."""
    try:
        subprocess.run(
            ("chown", "-R", "-h", "-P", f"{uid}:{uid}", "--", *map(str, folders)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHOWN_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Retryable(f"{folders[0]} could not be given to uid {uid}: {error}") from error


def _open_ways(paths: Iterable[Path], ours: Iterable[Path]) -> None:
    """Without a view of its own, a job must come through our folders: to its own, not to their siblings.

    Everything else in a folder that is opened is closed to others first.
    """
    ways = {folder for path in paths for folder in (path, *path.parents)}
    for folder in sorted(way for way in ways if way.is_dir() and not _is_open(way)):
        if not any(folder.is_relative_to(root) for root in ours):
            raise Refused(
                f"{folder} is closed to other users, so a job with a user of its own cannot reach its files: "
                "put REPRISE_STATE_DIR, REPRISE_CACHE_DIR and Python where others may go"
            )
        for entry in folder.iterdir():
            if entry not in ways and not entry.is_symlink():
                entry.chmod(entry.stat().st_mode & 0o7700)
        folder.chmod(folder.stat().st_mode | OTHERS_ENTER)
