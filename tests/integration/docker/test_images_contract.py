"""What every Builder promises, asked of images on a real BuildKit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.test_builder import (  # noqa: F401 - collected here with another builder
    test_a_declared_lock_that_is_absent_is_named,
    test_a_locked_environment_is_built_and_described,
    test_an_absent_python_is_missing_and_those_found_are_named,
    test_another_lock_is_another_environment,
    test_no_lock_says_how_to_make_one,
    test_ten_that_ask_together_get_one_environment,
    test_the_same_lock_is_the_same_environment,
)
from tests.integration.docker import imaging
from tests.integration.docker.box import Box

from reprise.ports import Builder


@pytest.fixture
def builder(box: Box, tmp_path: Path) -> Iterator[Builder]:
    images = imaging.builder(box, tmp_path / "cache", name="contract")
    yield images
    images.close()
