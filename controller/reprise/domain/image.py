"""What is known of an image that trials ran in: where it came from, and what it was made of."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an image was made from. The value is how people read it."""

    DOCKERFILE = "Dockerfile"
    UV_LOCK = "uv.lock"
    REQUIREMENTS = "requirements"
    PYPROJECT = "pyproject.toml"
    CONDA_LOCK = "conda-lock.yml"
    CONDA = "environment.yml"
    PIXI_LOCK = "pixi.lock"
    REES = "REES files"
    IMAGE = "a ready image"


@dataclass(frozen=True, slots=True)
class Base:
    """An image that another one builds on."""

    named: str
    """As the Dockerfile says it."""
    digest: str
    """``sha256:…`` that it stood for when it was looked up, before the build."""


@dataclass(frozen=True, slots=True)
class Image:
    kind: Kind
    digest: str
    """``sha256:…`` of the manifest."""
    bases: tuple[Base, ...]
    dockerfile: str
    """The text that was built; empty for a ready image."""
    generated: bool
    """Whether Reprise wrote it."""
