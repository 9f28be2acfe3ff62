"""Backends from settings: only those asked for are made; what cannot be had is said with the next step."""

import subprocess
import sys
from pathlib import Path

import pytest

from reprise.backends import make
from reprise.domain.backend import DOCKER, PROCESS
from reprise.settings import Settings

WITHOUT = """\
import sys
sys.modules["docker"] = None
from pathlib import Path
from reprise.backends import make
from reprise.domain.errors import UserError
from reprise.settings import Settings
settings = Settings(state_dir=Path(sys.argv[1]))
try:
    make([sys.argv[2]], settings, Path(sys.argv[1]), rehearsal=True)
except UserError as error:
    print(error)
"""
SILENT = """\
import sys
from pathlib import Path
from reprise.backends import make
from reprise.settings import Docker, Settings
folder = Path(sys.argv[1])
settings = Settings(state_dir=folder, docker=Docker(host=f"unix://{folder}/none.sock"))
(made,) = make(["docker"], settings, folder, rehearsal=True)
print(made.backend.lack())
"""


def said_without_the_extra(folder: Path, backend: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(folder), backend],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.real
def test_without_the_extra_docker_is_refused_with_what_to_install(tmp_path: Path) -> None:
    assert said_without_the_extra(tmp_path, DOCKER).endswith("pip install 'reprise-ml[docker]'")


@pytest.mark.real
def test_without_the_extra_the_process_backend_is_made(tmp_path: Path) -> None:
    assert said_without_the_extra(tmp_path, PROCESS) == ""


def test_they_are_made_in_the_order_of_the_settings(tmp_path: Path) -> None:
    settings = Settings.model_validate({"state_dir": tmp_path, "backends": "docker, process"})
    settings.cache.mkdir(parents=True)
    made = make(settings.backends, settings, tmp_path, rehearsal=True)
    assert [each.backend.name for each in made] == [DOCKER, PROCESS]
    assert [each.backend.offer.images for each in made] == [True, False]
    for each in made:
        each.close()


@pytest.mark.real
def test_an_engine_that_is_not_there_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    """Nothing connects before. In a process of its own: the library leaves the failed socket open."""
    done = subprocess.run(
        [sys.executable, "-c", SILENT, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "did not answer" in done.stdout
