"""Strangers' jobs under the isolation that this machine allows, whoever runs the tests."""

import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs

from reprise.adapters.process.isolation import Isolation, decide, probe
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.spec.model import Network
from reprise.removal import remove_tree


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    return decide(probe())


@pytest.fixture
def apart(isolation: Isolation) -> Isolation:
    """For what only a view of its own can show; elsewhere the report has to admit it."""
    if not isolation.mounts:
        words = isolation.words(0, Network.FETCH_ONLY)
        assert isolation.why in words
        assert "hidden" not in words
        pytest.skip(f"this kernel refuses: {words}")
    return isolation


@pytest.fixture
def cut(isolation: Isolation) -> Isolation:
    if not isolation.network:
        assert isolation.network_words(Network.FETCH_ONLY) == "not enforced"
        pytest.skip("this kernel refuses a network of its own")
    return isolation


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Not below /tmp where that can be: a job has a /tmp of its own, so hiding would not be tried."""
    elsewhere = Path(__file__).resolve().parents[3] / ".cache"
    usable = elsewhere.is_dir() and os.access(elsewhere, os.W_OK)
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir=elsewhere if usable else tmp_path))
    yield folder
    jobs.remove_short_names(folder)
    remove_tree(folder)


@pytest.fixture
def quarters(isolation: Isolation, state: Path) -> Quarters:
    return Quarters(isolation, (state,))


@pytest.fixture
def runner(quarters: Quarters) -> ProcessRunner:
    return ProcessRunner(grace=timedelta(seconds=0.3), quarters=quarters)
