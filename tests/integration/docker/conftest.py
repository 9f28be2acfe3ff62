"""What every test with a real Engine, BuildKit and registry needs. Each process of tests has its own box."""

from collections.abc import Iterator

import docker
import pytest
from tests.integration.docker.box import Box, may_be_skipped, opened


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    with opened() as found:
        if isinstance(found, str):
            (pytest.skip if may_be_skipped() else pytest.fail)(found)
        yield found


@pytest.fixture
def engine(box: Box) -> Iterator[docker.DockerClient]:
    client = box.engine()
    yield client
    client.close()
