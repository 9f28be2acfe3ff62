from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.web.site import Site, empty_database


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_database(tmp_path_factory.mktemp("empty") / "reprise.db")


@pytest.fixture
async def site(tmp_path: Path, empty: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path, empty)
    async with made.serving():
        yield made
    made.store.close()
