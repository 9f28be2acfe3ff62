"""`reprise init` from an installed package: the templates are inside the wheel."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.repositories import git
from tests.templates import NAMES, ROOT

NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is unpacked, as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=120, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def reprise(installed: Path, cwd: Path, *arguments: str) -> str:
    return run(installed, cwd, "-m", "reprise", *arguments)


def run(installed: Path, cwd: Path, *arguments: str) -> str:
    """What Python prints where the unpacked package comes before the checkout."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(installed), **NO_NETWORK},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_every_template_and_makes_the_same_repository(installed: Path, tmp_path: Path) -> None:
    assert str(installed) in run(installed, tmp_path, "-c", "import reprise; print(reprise.__file__)")
    listed = reprise(installed, tmp_path, "init", "--template", "list")
    assert tuple(line.split()[0] for line in listed.splitlines()) == NAMES
    assert sorted(path.name for path in (installed / "reprise" / "templates").iterdir()) == list(NAMES)
    for name in NAMES:
        reprise(installed, tmp_path, "init", name, "--template", name)
        assert ".copier-answers.yml" in git(tmp_path / name, "ls-files").splitlines()
        assert ".gitignore" in git(tmp_path / name, "ls-files").splitlines()
    assert sorted(path.name for path in tmp_path.iterdir()) == list(NAMES), (
        "and nothing else, in a home neither"
    )
