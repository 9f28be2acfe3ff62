"""Every input that `make fuzz` is started with, and every one that once broke a reader, again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz import readers


@pytest.fixture(autouse=True, scope="module")
def _tidy() -> Iterator[None]:
    yield
    readers.forget()


@pytest.mark.parametrize("name", readers.READERS)
def test_no_kept_input_breaks_its_reader(name: str) -> None:
    kept = list(readers.corpus(name))
    assert kept
    for path in kept:
        _read(name, path)


def _read(name: str, path: Path) -> None:
    try:
        readers.READERS[name](path.read_bytes())
    except Exception as error:
        error.add_note(f"with {path}")
        raise
