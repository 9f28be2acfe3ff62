"""Repositories made from the templates as their user makes them, and environments that are kept."""

import os
import sys
from pathlib import Path

from tests.rehearsals import finish, start
from tests.repositories import git
from tests.templates import ROOT

KEPT = {"REPRISE_CACHE_DIR": str(Path(os.environ.get("REPRISE_TEST_CACHE") or ROOT / ".cache") / "templates")}
"""Environments are made once for each lock."""
ANSWERS = {
    "nothing said": (),
    "everything said": (
        *("--title", 'A "quoted" title: #1, µ', "--author", "Ada O'Hara {{ König }}"),
        *("--licence", "BSD-3-Clause", "--python", f"{sys.version_info.major}.{sys.version_info.minor}"),
    ),
}


def made(folder: Path, name: str, answers: tuple[str, ...]) -> Path:
    repository = folder / f"my-{name}"
    ended = finish(start(folder / "state", "init", repository, "--template", name, *answers))
    assert ended.code == 0, ended.err
    assert git(repository, "status", "--porcelain") == ""
    return repository
