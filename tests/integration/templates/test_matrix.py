"""Every template as its user meets it: made, checked, locked again, run, and updated.

Each is run once, with the answers that are harder to write down; they do not change what is computed.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.templates.making import ANSWERS, KEPT, made
from tests.integration.templates.recorded import FURTHER, RECORDED
from tests.rehearsals import finish, start
from tests.repositories import commit_files, git
from tests.templates import NAMES, TEMPLATES, changed

from reprise import starting

MOST_SECONDS = 60
"""For one execution of a template's job."""

pytestmark = pytest.mark.real


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_in_it(name: str, answers: tuple[str, ...], tmp_path: Path) -> None:
    repository = made(tmp_path, name, answers)
    ended = finish(start(tmp_path / "state", "check", "--json", repository))
    assert (ended.code, ended.result["problems"]) == (0, [])
    assert [found for found in ended.result["findings"] if found["ignored"] is None] == []


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
    ended = finish(start(tmp_path / "state", "run", "--json", repository, extra=KEPT), seconds=300)
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


def test_every_further_experiment_has_a_recorded_verdict() -> None:
    files = (file for name in NAMES for file in (TEMPLATES / name / "template" / ".reprise").glob("*"))
    assert {(file.parents[2].name, file.name.partition(".")[0]) for file in files} == FURTHER.keys()
