"""``reprise check --spec-only``: the problems of the spec files in a folder, without running anything."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprise.domain.errors import UserError
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.model import BadSpec, Problem
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX, experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.domain.spec.problems import render_problems
from reprise.engine.specs import SpecFile, distinct

_COMMITTED_FILE_BYTES = 16 * 2**20


def check_specs(path: Path) -> tuple[Problem, ...]:
    """Every problem of a spec file, or of all spec files in a folder. UserError when there is none."""
    checked = distinct([_check(file) for file in _spec_files(path)])
    return tuple(
        problem for file in checked if isinstance(file.spec, BadSpec) for problem in file.spec.problems
    )


def render(problems: tuple[Problem, ...]) -> str:
    return render_problems(problems) if problems else "nothing wrong found"


def as_object(problems: tuple[Problem, ...]) -> dict[str, Any]:
    """Plain data; lines and columns count from 1."""
    return {"problems": [asdict(problem) for problem in problems]}


def _spec_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise UserError(f"{path} does not exist")
    found = [path / SPEC_FILE, *sorted((path / SPEC_FOLDER).glob(f"*{SPEC_SUFFIX}"))]
    files = [file for file in found if file.is_file()]
    if not files:
        raise UserError(f"{path} has no {SPEC_FILE}: docs/spec.md shows the smallest one")
    return files


def _check(file: Path) -> SpecFile:
    folder = file.absolute().parent
    inside = folder.name == SPEC_FOLDER
    root = folder.parent if inside else folder
    name = f"{SPEC_FOLDER}/{file.name}" if inside else file.name
    try:
        with file.open("rb") as handle:
            data = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    spec = parse_spec(data, file=name, default_name=experiment_name(name, f"local/{root.name}"))
    problems = () if isinstance(spec, BadSpec) else check_files(spec, _reader(root), file=name)
    return SpecFile(name, "", BadSpec(spec.name, problems) if problems else spec)


def _reader(root: Path) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        target = (root / path).resolve()
        if not target.is_relative_to(root.resolve()) or not target.is_file():
            return None
        return target.read_bytes() if target.stat().st_size <= _COMMITTED_FILE_BYTES else None

    return read
