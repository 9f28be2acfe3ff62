"""Every template as its user meets it: made, checked, locked again, run, and updated.

Each is run once, with the answers that are harder to write down; they do not change what is computed.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.templates.recorded import RECORDED
from tests.rehearsals import finish, start
from tests.repositories import commit_files, git
from tests.templates import NAMES, ROOT, TEMPLATES, changed

from reprise import starting

MOST_SECONDS = 60
"""For one execution of a template's job."""
CACHE = Path(os.environ.get("REPRISE_TEST_CACHE") or ROOT / ".cache") / "templates"
"""Environments are made once for each lock, and kept."""
ANSWERS = {
    "nothing said": (),
    "everything said": (
        *("--title", 'A "quoted" title: #1, µ', "--author", "Ada O'Hara {{ König }}"),
        *("--licence", "BSD-3-Clause", "--python", f"{sys.version_info.major}.{sys.version_info.minor}"),
    ),
}

pytestmark = pytest.mark.real


def made(folder: Path, name: str, answers: tuple[str, ...]) -> Path:
    repository = folder / f"my-{name}"
    ended = finish(start(folder / "state", "init", repository, "--template", name, *answers))
    assert ended.code == 0, ended.err
    assert git(repository, "status", "--porcelain") == ""
    return repository


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_wrong_is_found_in_it(name: str, answers: tuple[str, ...], tmp_path: Path) -> None:
    repository = made(tmp_path, name, answers)
    ended = finish(start(tmp_path / "state", "check", repository))
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("name", NAMES)
def test_its_locks_are_current(name: str, tmp_path: Path) -> None:
    folder = shutil.copytree(TEMPLATES / name / "template", tmp_path / "template")
    for wish in folder.glob("requirements*.in"):
        lock = wish.with_suffix(".txt")
        before = pins(lock)
        compile_lock(wish.name, lock.name, folder)
        assert pins(lock) == before


def compile_lock(wish: str, lock: str, folder: Path) -> None:
    options = ["--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header"]
    options += ["--python-version", "3.11"]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", *options, wish, "-o", lock],
        cwd=folder,
        check=True,
        timeout=120,
    )


def pins(lock: Path) -> list[str]:
    """Versions and where they count. A version may get more files later, and so more hashes."""
    text = lock.read_text(encoding="utf-8")
    return re.findall(r"^[a-z0-9][^\\\n]*", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_its_verdict_is_the_recorded_one(name: str, tmp_path: Path) -> None:
    repository = made(tmp_path, name, ANSWERS["everything said"])
    kept = {"REPRISE_CACHE_DIR": str(CACHE)}
    ended = finish(start(tmp_path / "state", "run", "--json", repository, extra=kept), seconds=300)
    recorded = RECORDED[name]
    said = ended.result
    assert (said["verdict"], said["level"], ended.code) == (
        recorded.verdict,
        recorded.level,
        recorded.exit_code,
    ), said["message"]
    got = {claim["id"]: claim["got"] for claim in said["claims"]}
    assert got == pytest.approx(recorded.claims, rel=1e-8)
    assert all(trial["seconds"] < MOST_SECONDS for trial in said["trials"]), said["trials"]
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", NAMES)
def test_an_update_from_the_version_before_keeps_the_authors_edits(name: str, tmp_path: Path) -> None:
    repository = made(tmp_path, name, ANSWERS["everything said"])
    spec = (repository / "reprise.yaml").read_text(encoding="utf-8")
    mine = spec.replace("timeout: 10m", "timeout: 3h")
    commit_files(repository, {"reprise.yaml": mine, "mine.py": "x = 1\n"})
    newer = changed(
        tmp_path / "newer",
        {
            f"{name}/template/reprise.yaml.jinja": ("version: 1\n", "version: 1  # of the spec\n"),
            f"{name}/template/README.md.jinja": ("## Run it\n", "## Run it\n\nOn any machine.\n"),
        },
    )
    done, told = starting.update(repository, newer)
    assert done, told
    updated = (repository / "reprise.yaml").read_text(encoding="utf-8")
    assert "version: 1  # of the spec\n" in updated
    assert "timeout: 3h" in updated
    assert (repository / "mine.py").read_text() == "x = 1\n"
    assert "On any machine." in (repository / "README.md").read_text(encoding="utf-8")
    assert git(repository, "status", "--porcelain") == ""
