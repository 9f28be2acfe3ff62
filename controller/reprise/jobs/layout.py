"""Names inside a trial's two folders, for the few modules that share them.

The working folder goes when the machine is released; the results folder stays.
"""

import hashlib
import os
from pathlib import Path

# in the working folder
TRIALS = "trials"
SLOT = "slot"
HOME = "home"
OUTPUT = "output"
TEMPORARY = "tmp"
INSIDE = "inside"
"""Where the hook in the job's process leaves its record."""
WRITABLE = (HOME, OUTPUT, TEMPORARY, INSIDE)
"""What the job may fill besides its tree."""
HOOK = "hook"
"""Our files that the job's Python loads: see the package ``inside``."""
START_LOCK = "start.lock"
CLAIM = "claim"
JOB = "job.json"
SUPERVISOR = "supervisor.json"
SUPERVISOR_LOG = "supervisor.log"
SUPERVISOR_RESULT = "result.json"

# in the results folder
LOG = "log.txt"
FILES = "files"
MLRUNS = "mlruns"
COLLECT_LOCK = "collect.lock"
COLLECTED = "collected.json"
RESUMED = "resumed.json"
"""What the job went on from."""
RESULT = "result.json"


def short_name(folder: Path) -> Path:
    """A short link to a trial's temporary folder.

    Socket names end after 107 bytes, and ``multiprocessing`` makes sockets below TMPDIR: in a deep
    state folder every job with worker processes would fail.
    """
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()
    return Path("/tmp") / f"reprise-{digest[:16]}"  # noqa: S108  (a link, owned and checked by us)


def remove_short_name(folder: Path) -> None:
    """Remove the link if it is ours; gone is fine."""
    link = short_name(folder)
    if points_to(link, folder / TEMPORARY):
        link.unlink(missing_ok=True)


def points_to(link: Path, target: Path) -> bool:
    try:
        return link.lstat().st_uid == os.geteuid() and os.readlink(link) == str(target)
    except OSError:
        return False


def slot(folder: Path) -> int:
    """The number of a run's folder among those of this machine; 0 where none was given."""
    try:
        return int((folder / SLOT).read_text())
    except (FileNotFoundError, ValueError):
        return 0
