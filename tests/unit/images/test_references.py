"""Names of images, and what registries are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.images.references import DOCKER_HUB, parse

HUB = f"https://registry-1.{DOCKER_HUB}"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "full", "api"),
    [
        ("python", "docker.io/library/python:latest", HUB),
        ("python:3.11", "docker.io/library/python:3.11", HUB),
        ("docker.io/a/b", "docker.io/a/b:latest", HUB),
        ("index.docker.io/a/b:1", "docker.io/a/b:1", HUB),
        (f"ghcr.io/a/b@{DIGEST}", f"ghcr.io/a/b@{DIGEST}", "https://ghcr.io"),
        (f"ghcr.io/a/b:1@{DIGEST}", f"ghcr.io/a/b:1@{DIGEST}", "https://ghcr.io"),
        ("localhost/a", "localhost/a:latest", "http://localhost"),
        ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", "http://127.0.0.1:5000"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "http://[::1]:5000"),
        ("10.0.0.1:5000/a", "10.0.0.1:5000/a:latest", "https://10.0.0.1:5000"),
        ("a/b", "docker.io/a/b:latest", HUB),
    ],
)
def test_names(name: str, full: str, api: str) -> None:
    reference = parse(name)
    assert reference is not None
    assert (reference.full, reference.api) == (full, api)


@pytest.mark.parametrize(
    "name", ["", "A", "a:", "a@sha256:b", "a b", "-a", "a//b", "a" * 600, "http://a/b", "a:1:2"]
)
def test_no_names(name: str) -> None:
    assert parse(name) is None


@given(st.text(max_size=80))
def test_a_full_name_means_the_same_again(name: str) -> None:
    reference = parse(name)
    if reference is not None:
        again = parse(reference.full)
        assert again is not None
        assert (again.full, again.api, again.wanted) == (reference.full, reference.api, reference.wanted)
