"""What an image is made from: what the spec declares, else what lies in the tree. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from reprise.domain import pins
from reprise.domain.image import Kind
from reprise.domain.spec.model import EnvironmentRule

REES_FOLDERS = ("binder", ".binder")
"""A folder of the Reproducible Execution Environment Specification; its files stand for those at the root."""

REES_MAIN = ("Dockerfile", "environment.yml", "requirements.txt")
FURTHER = (
    *(f"{folder}/{name}" for folder in REES_FOLDERS for name in REES_MAIN),
    *("environment.yml", "environment.yaml", "pyproject.toml", "runtime.txt", "apt.txt", "postBuild"),
)
"""Looked for behind `pins.DETECTED`; nothing in them is pinned. Only images are made from them."""

BESIDE = ("runtime.txt", "apt.txt", "postBuild")


@dataclass(frozen=True, slots=True)
class Source:
    kind: Kind
    path: str
    """From the root; of a ready image its name."""
    beside: tuple[str, ...] = ()
    """REES files in the same folder that take part: paths from the root."""

    @property
    def folder(self) -> str:
        """With a slash at its end, empty for the root."""
        return self.path[: self.path.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class Absent:
    message: str


def detect(rule: EnvironmentRule, is_there: Callable[[str], bool]) -> Source | Absent:
    """``is_there`` tells whether a path is a file of the tree."""
    if rule.image is not None:
        return Source(Kind.IMAGE, rule.image)
    declared = rule.dockerfile or rule.lock
    if declared is not None and not is_there(declared):
        key = "dockerfile" if rule.dockerfile else "lock"
        return Absent(f"environment.{key} names {declared}, which this commit does not hold; commit it")
    path = declared or next(filter(is_there, (*pins.DETECTED, *FURTHER)), None)
    if path is None:
        looked = ", ".join((*pins.DETECTED, "environment.yml", "pyproject.toml"))
        return Absent(
            f"nothing says what to install (looked for {looked} at the root, and in binder/): "
            "run `uv lock` and commit uv.lock, or commit a Dockerfile"
        )
    kind = Kind.DOCKERFILE if rule.dockerfile else kind_of(path)
    if kind is Kind.DOCKERFILE:
        return Source(kind, path)
    folder = path[: path.rfind("/") + 1]
    beside = tuple(folder + name for name in BESIDE if folder + name != path and is_there(folder + name))
    return Source(Kind.REES if beside or folder.rstrip("/") in REES_FOLDERS else kind, path, beside)


def kind_of(path: str) -> Kind:
    """By the file's name alone."""
    name = path.rpartition("/")[2]
    if name == "uv.lock":
        return Kind.UV_LOCK
    if name == "pixi.lock":
        return Kind.PIXI_LOCK
    if name.endswith("conda-lock.yml"):
        return Kind.CONDA_LOCK
    if name in ("environment.yml", "environment.yaml"):
        return Kind.CONDA
    if name == "pyproject.toml":
        return Kind.PYPROJECT
    if name in BESIDE:
        return Kind.REES
    return Kind.REQUIREMENTS if name.endswith(".txt") else Kind.DOCKERFILE
