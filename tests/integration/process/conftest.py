"""Nothing of a test stays behind: also not when it failed half-way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import jobs

from reprise.removal import remove_tree


@pytest.fixture(autouse=True)
def clean(tmp_path: Path) -> Iterator[None]:
    yield
    jobs.remove_short_names(tmp_path)
    remove_tree(tmp_path / "work")
