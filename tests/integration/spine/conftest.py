"""A forge and a cache for all tests of this folder; controllers are made by the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller
from tests.integration.spine.town import Paper, Town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.close()


@pytest.fixture(scope="package")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environments are built once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def paper(town: Town, tmp_path: Path) -> Paper:
    """A repository of this test's own."""
    return town.repository(tmp_path.name)


@pytest.fixture
def controller(tmp_path: Path, town: Town, cache: Path, paper: Paper) -> Controller:
    """Watches that repository; not started."""
    made = Controller(tmp_path / "controller", town, cache, watch=paper.name)
    paper.hook(made.url)
    return made
