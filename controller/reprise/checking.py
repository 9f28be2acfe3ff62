"""``reprise check --spec-only``: the problems of the spec files in a folder, without running anything."""

from collections.abc import Callable
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.model import BadSpec, Problem
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX, experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.domain.spec.problems import render_problems

_COMMITTED_FILE_BYTES = 16 * 2**20


def check_specs(path: Path) -> tuple[Problem, ...]:
    """Every problem of a spec file, or of all spec files in a folder. UserError when there is none."""
    files = _spec_files(path)
    return tuple(problem for file in files for problem in _check(file))


def render(problems: tuple[Problem, ...]) -> str:
    return render_problems(problems) if problems else "nothing wrong found"


def _spec_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = [path / SPEC_FILE, *sorted((path / SPEC_FOLDER).glob(f"*{SPEC_SUFFIX}"))]
    files = [file for file in found if file.is_file()]
    if not files:
        raise UserError(f"{path} has no {SPEC_FILE}: docs/spec.md shows the smallest one")
    return files


def _check(file: Path) -> tuple[Problem, ...]:
    folder = file.absolute().parent
    inside = folder.name == SPEC_FOLDER
    root = folder.parent if inside else folder
    name = f"{SPEC_FOLDER}/{file.name}" if inside else file.name
    with file.open("rb") as handle:
        data = handle.read(MOST_BYTES + 1)
    spec = parse_spec(data, file=name, default_name=experiment_name(name, f"local/{root.name}"))
    if isinstance(spec, BadSpec):
        return spec.problems
    return check_files(spec, _reader(root), file=name)


def _reader(root: Path) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        target = (root / path).resolve()
        if not target.is_relative_to(root.resolve()) or not target.is_file():
            return None
        return target.read_bytes() if target.stat().st_size <= _COMMITTED_FILE_BYTES else None

    return read
