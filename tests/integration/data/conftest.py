from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.data_server import DataServer, serving
from tests.integration.data.asking import Asking


@pytest.fixture
def server() -> Iterator[DataServer]:
    with serving() as state:
        yield state


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return Asking(tmp_path)
