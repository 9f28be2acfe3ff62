"""How firmly each line says what is installed. Counts are left to whoever shows them: there is no score."""

from collections.abc import Iterator
from dataclasses import dataclass

from reprise.domain.lint import environment
from reprise.domain.lint.images import image_pin, used_images
from reprise.domain.lint.installs import (
    all_commands,
    conda_package,
    conda_packages,
    pip_installs,
    system_packages,
    used_requirements,
)
from reprise.domain.lint.packages import Package, Pin, packages
from reprise.domain.lint.repo import Repo

__all__ = ["Pin", "PinLine", "grade"]

_CONDA = ("environment.yml", "environment.yaml")


@dataclass(frozen=True, slots=True)
class PinLine:
    file: str
    line: int
    what: str
    """The package or image, with its version where there is one."""
    pin: Pin


def grade(repo: Repo) -> tuple[PinLine, ...]:
    """Of what runs install from, then of Dockerfiles and compose files, each by line."""
    chosen = environment.locks(repo)
    files = [*chosen, *used_requirements(repo)]
    lines = [line for path in files for line in _graded(path, _packages(repo, path))]
    if not chosen:
        lines += [line for path in _CONDA for line in _graded(path, _conda_environment(repo.lines(path)))]
    images = [PinLine(path, each.line, each.name, image_pin(each.name)) for path, each in used_images(repo)]
    return tuple(lines + sorted(images + list(_installed(repo)), key=lambda line: (line.file, line.line)))


def _packages(repo: Repo, path: str) -> tuple[Package, ...]:
    return packages(path, environment.lock_text(repo, path) or "")


def _installed(repo: Repo) -> Iterator[PinLine]:
    for path in environment.dockerfiles(repo):
        for command in all_commands(repo, path):
            yield from _graded(path, (*system_packages(command), *conda_packages(command)))
    for install in pip_installs(repo):
        yield from _graded(install.path, install.packages)


def _graded(path: str, found: tuple[Package, ...]) -> Iterator[PinLine]:
    for package in found:
        yield PinLine(path, package.line, package.text, package.pin)


def _conda_environment(lines: list[str]) -> tuple[Package, ...]:
    """What stands under ``dependencies:``; of its ``pip:`` part the same."""
    begun = next((at for at, line in enumerate(lines) if line.startswith("dependencies:")), len(lines))
    found: list[Package] = []
    for number, line in enumerate(lines[begun + 1 :], begun + 2):
        if line[:1].strip() and not line.startswith(("-", "#")):
            break
        item = line.partition(" #")[0].strip().removeprefix("- ").strip("\"'")
        if line.strip().startswith("- ") and not item.endswith(":"):
            found.append(conda_package(item, number))
    return tuple(found)
