"""A store whose creation was cut off, by a kill at any moment, is no dead end."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reprise.adapters.mlflow.client import Client

OPEN = "import sys; from reprise.adapters.mlflow.client import Client; Client(sys.argv[1])"


def tables(database: Path) -> int:
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
            return int(store.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.real
def test_a_store_whose_creator_was_killed_half_way_can_be_used(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    creator = subprocess.Popen(
        [sys.executable, "-c", OPEN, f"sqlite:///{database}"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while tables(database) < 15:  # of about sixty
        assert creator.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    creator.kill()
    creator.wait()

    assert Client(f"sqlite:///{database}").ensure_experiment("ada/paper")


def test_a_store_with_something_in_it_is_never_started_over(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    kept = Client(f"sqlite:///{database}").ensure_experiment("ada/paper")
    (tmp_path / "mlflow.db.whole").unlink()

    assert Client(f"sqlite:///{database}").ensure_experiment("ada/paper") == kept


def test_a_whole_store_is_kept_though_nothing_was_recorded_yet(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    Client(f"sqlite:///{database}")
    before = os.stat(database).st_ino

    Client(f"sqlite:///{database}")

    assert os.stat(database).st_ino == before
