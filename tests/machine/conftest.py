from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.machine.histories import Histories, histories_in


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Histories]:
    with histories_in(tmp_path) as histories:
        yield histories
        print(f"\n{histories.tally}")
