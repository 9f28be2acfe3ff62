"""What a plan says of an environment before it is built: no Dockerfile is ever called pinned by hashes."""

from dataclasses import replace

import pytest

from reprise.domain.images.pinned import pins_of
from reprise.domain.pins import Pins
from reprise.domain.spec.model import EnvironmentRule, Network

UNDECLARED = EnvironmentRule(None, None, Network.FETCH_ONLY)
DIGEST = "a" * 64
HASHED = b"six==1.17.0 --hash=sha256:" + b"0" * 64 + b"\n"


def nothing(_path: str) -> bytes | None:
    return None


def told(files: dict[str, bytes], *, images: bool = True) -> Pins | None:
    return pins_of(UNDECLARED, files.get, images=images)


@pytest.mark.parametrize(
    ("files", "weak"),
    [
        (
            {"Dockerfile": f"FROM a@sha256:{DIGEST}\nRUN pip install x\n".encode()},
            "what its RUN lines install is not pinned",
        ),
        ({"Dockerfile": b"FROM a:1\n"}, "it builds on a:1 without a digest"),
        ({"Dockerfile": f"FROM a@sha256:{DIGEST}\n".encode()}, None),
        ({"environment.yml": b"dependencies: [numpy]\n"}, "environment.yml is solved anew each time"),
        ({"requirements.txt": HASHED}, None),
        ({"requirements.txt": b"six==1.17.0\n"}, "requirements.txt has no hashes"),
        ({"requirements.txt": HASHED, "postBuild": b"#!/bin/sh\n"}, "postBuild installs what it likes"),
    ],
)
def test_the_weakness_of_what_an_image_is_made_of_is_told_before_it_is_built(
    files: dict[str, bytes], weak: str | None
) -> None:
    found = told(files)
    assert found is not None
    assert found.weak == weak


def test_a_backend_without_images_takes_no_dockerfile_for_a_declared_lock() -> None:
    found = told({"Dockerfile": b"FROM a:1\n", "requirements.txt": HASHED}, images=False)
    assert found is not None
    assert found.lock == "requirements.txt"
    assert told({"environment.yml": b"dependencies: [numpy]\n"}, images=False) is None


def test_a_ready_image_is_pinned_by_its_digest_alone() -> None:
    by_digest = pins_of(replace(UNDECLARED, image=f"a@sha256:{DIGEST}"), nothing, images=True)
    assert by_digest == Pins(f"a@sha256:{DIGEST}", DIGEST, None)
    by_tag = pins_of(replace(UNDECLARED, image="a:1"), nothing, images=True)
    assert by_tag is not None
    assert by_tag.weak == "it names no digest, so it may be another one tomorrow"
