from collections.abc import Iterator

import pytest
import responses
from tests.unit.chameleon.answers import Answers


@pytest.fixture
def site() -> Iterator[Answers]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Answers(mock)
