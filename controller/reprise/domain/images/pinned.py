"""What pins an environment, told from the files before anything is built. Pure.

The plan that a maintainer approves and `reprise plan` say the same as the report says afterwards.
"""

from collections.abc import Callable

from reprise.domain import pins
from reprise.domain.image import Kind
from reprise.domain.images import recipe, sources, stages
from reprise.domain.images.instructions import read
from reprise.domain.pins import Pins
from reprise.domain.spec.model import EnvironmentRule

NEAR = ("pyproject.toml", ".python-version", "runtime.txt")
"""Files beside a lock that deciding looks at."""


def pins_of(rule: EnvironmentRule, content: Callable[[str], bytes | None], *, images: bool) -> Pins | None:
    """``content`` of a path from the root, None when it is no file. None: nothing there says what to install.

    ``images``: whether the backend makes images, which are made of more than lock files.
    """
    if not images:
        lock = pins.chosen(rule.lock, lambda path: content(path) is not None)
        return pins.read(lock, content(lock) or b"") if lock is not None else None
    source = sources.detect(rule, lambda path: content(path) is not None)
    if isinstance(source, sources.Absent):
        return None
    if source.kind is Kind.IMAGE:
        return of_image(source.path)
    found = pins.read(source.path, content(source.path) or b"")
    if source.kind is Kind.DOCKERFILE:
        return Pins(found.lock, found.sha256, dockerfile_weakness(source.path, content(source.path) or b""))
    names = (source.path, *source.beside, *(source.folder + name for name in NEAR), *NEAR)
    held = {name: text for name in names if (text := content(name)) is not None}
    decided = recipe.decide(source, held, lambda path: content(path) is not None)
    if isinstance(decided, recipe.Impossible):
        return found
    return Pins(found.lock, found.sha256, decided.weak, empty=decided.empty and decided.weak is None)


def of_image(name: str) -> Pins:
    digest = name.partition("@sha256:")[2]
    return Pins(name, digest, None if digest else "it names no digest, so it may be another one tomorrow")


def dockerfile_weakness(path: str, content: bytes) -> str | None:
    found = stages.stages(read(content.decode(errors="replace")))
    said = None if isinstance(found, stages.Unclear) else stages.weakness(path, found)
    return said and said.removeprefix(f"{path}: ")
