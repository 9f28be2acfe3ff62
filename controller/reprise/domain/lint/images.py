"""RX14: images that a Dockerfile or a compose file builds on, and what their names promise."""

import re
from collections.abc import Iterator

from reprise.domain.lint import environment
from reprise.domain.lint.dockerfile import Image
from reprise.domain.lint.dockerfile import images as images_of
from reprise.domain.lint.model import Found, Severity
from reprise.domain.lint.packages import Pin
from reprise.domain.lint.repo import Repo

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_MOVING = re.compile(r"(.*[-_.])?(latest|main|master|nightly|edge|stable|devel|rolling|current)([-_.].*)?")
_FULL_VERSION = re.compile(r"\d+\.\d+\.\d+")
_IMAGE_KEY = re.compile(r"^(\s+)image:\s*[\"']?([^\s\"'#]+)")


def rx14(repo: Repo) -> Iterator[Found]:
    for path, image in used_images(repo):
        pin = image_pin(image.name)
        if pin is Pin.HASHED:
            continue
        yield _found(repo, path, image, pin)


def used_images(repo: Repo) -> Iterator[tuple[str, Image]]:
    for path in environment.dockerfiles(repo):
        yield from ((path, image) for image in images_of(repo.text(path) or ""))
    for path in environment.compose_files(repo):
        yield from ((path, image) for image in _compose_images(repo.lines(path)))


def image_pin(name: str) -> Pin:
    """A tag may be moved to another image; one with a full version hardly ever is."""
    if _DIGEST.search(name):
        return Pin.HASHED
    tag = _tag(name)
    if tag is None or _MOVING.fullmatch(tag):
        return Pin.NONE
    return Pin.PINNED if _FULL_VERSION.search(tag) else Pin.RANGE


def _found(repo: Repo, path: str, image: Image, pin: Pin) -> Found:
    inspect = f"docker buildx imagetools inspect {image.name}"
    fix = f"Write `{image.name}@sha256:…` with the digest that `{inspect}` prints"
    if pin is not Pin.NONE:
        message = f"`{image.name}` has no digest, so that the tag may be moved to another image"
        return Found(path, image.line, message, fix, environment.weight(repo, Severity.WARNING))
    what = "has no tag" if _tag(image.name) is None else "has a tag that moves"
    message = f"`{image.name}` {what}, so that each build may begin with another image"
    return Found(path, image.line, message, fix, environment.weight(repo, Severity.ERROR))


def _tag(name: str) -> str | None:
    last = name.partition("@")[0].rsplit("/", 1)[-1]
    return last.partition(":")[2] or None


def _compose_images(lines: list[str]) -> Iterator[Image]:
    """Not of services that are built: there the name is that of the result."""
    for at, line in enumerate(lines):
        found = _IMAGE_KEY.match(line)
        if found is None or "$" in found[2] or "{{" in found[2]:
            continue
        if not _is_built(lines, at, len(found[1])):
            yield Image(found[2], at + 1)


def _is_built(lines: list[str], at: int, indent: int) -> bool:
    return any(
        line.strip().startswith("build:") and _indent(line) == indent
        for around in (reversed(lines[:at]), lines[at + 1 :])
        for line in _same_block(around, indent)
    )


def _same_block(lines: "Iterator[str] | list[str]", indent: int) -> Iterator[str]:
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#") and _indent(line) < indent:
            return
        yield line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
