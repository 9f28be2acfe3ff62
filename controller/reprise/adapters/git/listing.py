"""What git would commit of a folder as it lies there, and what its files were before. Called by the lint.

Only reads, and starts a git process or two: no clone, no object of ours, no library.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.git import commands
from reprise.adapters.git.excludes import personal_excludes
from reprise.domain.errors import Refused, Retryable

TIMEOUT_SECONDS = 30.0
_STAGED = re.compile(rb"(\d{6}) [0-9a-f]{40,64} \d\t")
_SUBMODULE = b"160000"
_HOME = Path("/nonexistent")
"""Nothing of a person's home takes part but their ignore file."""


@dataclass(frozen=True, slots=True)
class Listed:
    path: str
    """From the folder."""
    submodule: bool = False


def list_files(root: Path, system: Mapping[str, str] = os.environ) -> tuple[Listed, ...]:
    """Tracked files, and new ones that are not ignored: what ``git add --all`` would make a commit of.

    Empty where there is no git, no working tree, or where all of the folder is ignored by one around it.
    """
    excludes = _answer_of_excludes(root, system)
    if excludes is None:
        return ()
    done = _git(
        root,
        system,
        *("ls-files", "-z", "--stage", "--others", "--exclude-standard", "--cached"),
        config=(("core.excludesFile", excludes), ("core.untrackedCache", "false")),
    )
    if done is None:
        return ()
    found = {each.path: each for each in map(_listed, done.split(b"\0")) if each.path}
    return tuple(found.values())


def earlier(root: Path, path: str, now: bytes | None, system: Mapping[str, str] = os.environ) -> bytes | None:
    """A file as of the commit before: HEAD's where the folder has another one ``now``, else its parent's."""
    head = _git(root, system, "cat-file", "blob", f"HEAD:./{path}")
    if head is None or head != now:
        return head
    return _git(root, system, "cat-file", "blob", f"HEAD^:./{path}")


def _answer_of_excludes(root: Path, system: Mapping[str, str]) -> str | None:
    try:
        return personal_excludes(root, system, TIMEOUT_SECONDS)
    except Retryable:
        return None  # no git on this machine


def _git(
    root: Path, system: Mapping[str, str], *arguments: str, config: tuple[tuple[str, str], ...] = ()
) -> bytes | None:
    """What it printed; None where it refused, is late, or is not there."""
    try:
        done = commands.run_git(
            *arguments,
            environment=commands.environment(system, _HOME, config=config),
            cwd=root,
            timeout=TIMEOUT_SECONDS,
        )
    except (Retryable, Refused):
        return None
    return done.stdout if done.code == 0 else None


def _listed(row: bytes) -> Listed:
    staged = _STAGED.match(row)
    if staged is not None:
        return Listed(os.fsdecode(row[staged.end() :]), staged[1] == _SUBMODULE)
    # A repository inside this one that nobody added yet: git would record its commit, not its files.
    path = os.fsdecode(row)
    return Listed(path.removesuffix("/"), path.endswith("/"))
