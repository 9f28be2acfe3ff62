from collections.abc import Iterator

import pytest
from tests.logs import restored


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with restored():
        yield
