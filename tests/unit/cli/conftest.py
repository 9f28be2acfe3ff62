from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.logs import restored
from tests.repositories import make_repository

SPEC = "version: 1\nname: paper\nrun: {command: [python, train.py]}\n"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with restored():
        yield


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that `reprise run` would run, with a state folder beside it."""
    monkeypatch.setenv("REPRISE_STATE_DIR", str(tmp_path / "state"))
    make_repository(tmp_path / "paper", {"reprise.yaml": SPEC})
    return tmp_path / "paper"
