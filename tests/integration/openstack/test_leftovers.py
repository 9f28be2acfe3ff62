"""A keeper may be killed: the next one takes away what it left."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.box.leftovers import MARK
from tests.openstack import leftovers

LIMIT = 20


def test_what_a_killed_keeper_left_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = abandoned(tmp_path)
    sleeper = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(folder)})
    leftovers.clear_abandoned()
    assert sleeper.wait(LIMIT) < 0
    assert not folder.exists()


def test_what_a_living_keeper_has_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with leftovers.locked_folder() as folder:
        leftovers.clear_abandoned()
        assert (folder / "lock").exists()


def abandoned(parent: Path) -> Path:
    with leftovers.locked_folder() as folder:
        pass
    assert folder.parent == parent
    return folder
