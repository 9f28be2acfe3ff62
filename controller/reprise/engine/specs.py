"""Reads the experiments of a commit."""

from dataclasses import dataclass

from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.committed import check_files
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.model import BadSpec, Problem, Spec
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX, experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.ports import Source

_COMMITTED_FILE_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class SpecFile:
    path: str
    text: str
    spec: Spec | BadSpec

    @property
    def is_root(self) -> bool:
        return self.path == SPEC_FILE


def read_specs(source: Source, repository: Repository, sha: Sha) -> list[SpecFile]:
    """Every experiment of a commit, the root one first. Raises Refused when the commit is gone."""
    source.fetch(repository, sha)
    names = source.list_folder(repository, sha, SPEC_FOLDER)
    paths = [SPEC_FILE, *(f"{SPEC_FOLDER}/{name}" for name in names if name.endswith(SPEC_SUFFIX))]
    found = [read_spec(source, repository, sha, path) for path in paths]
    return [file for file in found if file is not None]


def read_spec(source: Source, repository: Repository, sha: Sha, path: str) -> SpecFile | None:
    """One experiment of a fetched commit; None when there is no such file."""
    name = experiment_name(path, repository.full_name)
    try:
        data = source.read(repository, sha, path, limit=MOST_BYTES)
    except Refused:
        return SpecFile(path, "", BadSpec(name, (_too_large(path),)))
    if data is None:
        return None
    text = data.decode(errors="replace")
    spec = parse_spec(data, file=path, default_name=name)
    if isinstance(spec, BadSpec):
        return SpecFile(path, text, spec)

    def committed(file: str) -> bytes | None:
        return source.read(repository, sha, file, limit=_COMMITTED_FILE_BYTES)

    problems = check_files(spec, committed, file=path)
    return SpecFile(path, text, BadSpec(spec.name, problems) if problems else spec)


def _too_large(path: str) -> Problem:
    return Problem(path, 1, 1, f"the file is larger than {MOST_BYTES // 1024} KiB: move what is not the spec elsewhere")
