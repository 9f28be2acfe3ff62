import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.machine.histories import Histories, histories_in


@pytest.fixture
def lived() -> Iterator[Histories]:
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder, histories_in(Path(folder)) as histories:
        yield histories
        print(f"\n{histories.tally}")
