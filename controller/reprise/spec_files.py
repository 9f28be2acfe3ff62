"""The spec files of a folder as they lie there, committed or not; `checking` and `planning` read them."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprise.domain.addresses import SPEC_PAGE
from reprise.domain.errors import UserError
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.files import SpecFile, distinct
from reprise.domain.spec.model import BadSpec
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX, experiment_name
from reprise.domain.spec.parse import parse_spec

NO_SPEC = f"no {SPEC_FILE}: `reprise init --adopt` writes one, {SPEC_PAGE} shows the smallest"
_COMMITTED_FILE_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Found:
    files: tuple[SpecFile, ...]
    """The root one first."""
    read: Callable[[str], bytes | None]
    """Another file by its path from the root; None where there is none, or one that is too large."""


def find_specs(path: Path) -> Found:
    """A spec file, or all of a folder. UserError when there is none."""
    paths = spec_paths(path)
    if not paths:
        raise UserError(f"{path} has {no_spec(path)}")
    read = _reader(root_of(path))
    return Found(tuple(distinct([_check(each, read) for each in paths])), read)


def spec_paths(path: Path) -> list[Path]:
    """The path itself, or the spec files of that folder, the root one first; links are none. UserError."""
    if path.is_file() and path.suffix not in (SPEC_SUFFIX, ".yml"):
        raise UserError(f"{path} is no spec file: name one that ends in {SPEC_SUFFIX}, or its folder")
    if path.is_file():
        return [path]
    if not path.exists():
        raise UserError(f"{path} does not exist")
    folder = path / SPEC_FOLDER
    further = () if folder.is_symlink() else sorted(folder.glob(f"*{SPEC_SUFFIX}"))
    return [file for file in (path / SPEC_FILE, *further) if file.is_file() and not file.is_symlink()]


def no_spec(path: Path) -> str:
    """What to do about a folder without one: it may lie inside the repository that has it."""
    top = _top(path)
    if top == root_of(path) or not (top / SPEC_FILE).is_file():
        return NO_SPEC
    where = os.path.relpath(top)
    return f"no {SPEC_FILE} in this folder: it is in {where}, the root of the repository: name that one"


def refuse_inside(path: Path) -> None:
    """A run is of a whole repository, never of another folder than the named one. Raises UserError."""
    top = _top(path)
    if top == root_of(path):
        return
    if not spec_paths(path):
        raise UserError(f"{path} has {no_spec(path)}")
    copied = f"cp -r {shlex.quote(str(path))} /tmp/copy && git init /tmp/copy && reprise run /tmp/copy"
    raise UserError(
        f"{path} belongs to the repository at {top}, and a run is of a whole one: "
        f"name that, or try a copy with a git of its own: {copied}"
    )


def _top(path: Path) -> Path:
    """Of the repository that it lies in; by itself where there is none."""
    root = root_of(path)
    return next((each for each in (root, *root.parents) if (each / ".git").exists()), root)


def root_of(path: Path) -> Path:
    """The folder that a spec file, or the folder that was named, takes for the repository's root."""
    if path.is_dir():
        return path.absolute()
    folder = path.absolute().parent
    return folder.parent if folder.name == SPEC_FOLDER else folder


def _check(file: Path, read: Callable[[str], bytes | None]) -> SpecFile:
    root = root_of(file)
    name = file.absolute().relative_to(root).as_posix()
    try:
        with file.open("rb") as handle:
            data = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    spec = parse_spec(data, file=name, default_name=experiment_name(name, f"local/{root.name}"))
    problems = () if isinstance(spec, BadSpec) else check_files(spec, read, file=name)
    text = data.decode(errors="replace")
    return SpecFile(name, text, BadSpec(spec.name, problems) if problems else spec)


def _reader(root: Path) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        target = (root / path).resolve()
        if not target.is_relative_to(root.resolve()) or not target.is_file():
            return None
        return target.read_bytes() if target.stat().st_size <= _COMMITTED_FILE_BYTES else None

    return read
