"""An image in words."""

import pytest

from reprise.domain.image import Base, Image, Kind
from reprise.domain.image_words import origin, short

DIGEST = "sha256:" + "0123456789ab" + "f" * 52


@pytest.mark.parametrize(
    ("kind", "bases", "said"),
    [
        (Kind.UV_LOCK, ("python:3.11",), "built from uv.lock on python:3.11 (sha256:0123456789ab)"),
        (Kind.UV_LOCK, (f"python@{DIGEST}",), "built from uv.lock on python (sha256:0123456789ab)"),
        (Kind.DOCKERFILE, (), "built from Dockerfile"),
        (Kind.DOCKERFILE, ("scratch",), "built from Dockerfile"),
        (Kind.IMAGE, (), "a ready image"),
    ],
)
def test_its_origin_is_told(kind: Kind, bases: tuple[str, ...], said: str) -> None:
    image = Image(kind, DIGEST, tuple(Base(name, DIGEST) for name in bases), "", True)
    assert origin(image) == said


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words(kind: Kind) -> None:
    assert origin(Image(kind, DIGEST, (), "", False))


def test_a_digest_is_cut_where_people_still_tell_it_from_others() -> None:
    assert short(DIGEST) == "sha256:0123456789ab"
    assert short("0123456789abcdef") == "0123456789ab"
