"""A forge and a cache for all tests of this folder; controllers are made by the tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.town import Paper, Town


@dataclass(frozen=True)
class Busy:
    controller: Controller
    papers: dict[str, Paper]


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.close()


@pytest.fixture(scope="package")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environments are built once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def busy(town: Town, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """A running controller for tests that only push and look: several runs at a time, and it sweeps."""
    papers = {name: town.repository(name) for name in ("bad-input", "package")}
    made = Controller(
        tmp_path_factory.mktemp("busy") / "controller",
        town,
        cache,
        watch=",".join(paper.name for paper in papers.values()),
        REPRISE_SWEEP_INTERVAL="1",
        REPRISE_PROCESS__SLOTS="3",
    )
    for paper in papers.values():
        paper.hook(made.url)
    with made:
        until(lambda: len(made.said("repository watched")) == len(papers))
        yield Busy(made, papers)


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
