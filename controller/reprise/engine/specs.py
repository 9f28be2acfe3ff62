"""Reads the experiments of a commit."""

from collections.abc import Callable
from functools import lru_cache

from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha
from reprise.domain.spec.asked import with_arguments
from reprise.domain.spec.committed import check_files, published_samples
from reprise.domain.spec.document import MOST_BYTES, TOO_LARGE
from reprise.domain.spec.files import SpecFile, distinct
from reprise.domain.spec.model import BadSpec, Problem, Spec, Variation
from reprise.domain.spec.names import SPEC_FILE, SPEC_FOLDER, SPEC_SUFFIX, experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.domain.statistics import Sample
from reprise.domain.variation import varied
from reprise.ports import Source
from reprise.store.runs import Run

_COMMITTED_FILE_BYTES = 16 * 2**20


def read_specs(source: Source, repository: Repository, sha: Sha) -> list[SpecFile]:
    """Every experiment of a commit, the root one first. Raises Refused when the commit is gone."""
    source.fetch(repository, sha)
    names = source.list_folder(repository, sha, SPEC_FOLDER)
    paths = [SPEC_FILE, *(f"{SPEC_FOLDER}/{name}" for name in names if name.endswith(SPEC_SUFFIX))]
    found = [read_spec(source, repository, sha, path) for path in paths]
    return distinct([file for file in found if file is not None])


def as_asked(spec: Spec, run: Run, variation: Variation | None) -> Spec:
    asked = with_arguments(spec, run.seeds, run.claims)
    return varied(asked, variation) if variation is not None else asked


def read_spec(source: Source, repository: Repository, sha: Sha, path: str) -> SpecFile | None:
    """One experiment of a commit; None when there is no such file.

    The commit is fetched again when our copy is gone, so this raises what `Source.fetch` does.
    """
    name = experiment_name(path, repository.full_name)
    data = _read(source, repository, sha, path)
    if data is None:
        return None
    if isinstance(data, Problem):
        return SpecFile(path, "", BadSpec(name, (data,)))
    text = data.decode(errors="replace")
    spec = _parse(data, path, name)
    if isinstance(spec, BadSpec):
        return SpecFile(path, text, spec)

    problems = check_files(spec, _reader(source, repository, sha), file=path)
    return SpecFile(path, text, BadSpec(spec.name, problems) if problems else spec)


def read_published(source: Source, repository: Repository, sha: Sha, spec: Spec) -> dict[str, Sample]:
    """What the commit's ``per_seed`` files say, by claim. Raises what `Source.fetch` does."""
    if any(claim.published.per_seed for claim in spec.claims):
        source.fetch(repository, sha)
    return published_samples(spec, _reader(source, repository, sha))


def _reader(source: Source, repository: Repository, sha: Sha) -> Callable[[str], bytes | None]:
    def committed(file: str) -> bytes | None:
        try:
            return source.read(repository, sha, file, limit=_COMMITTED_FILE_BYTES)
        except Refused:
            return None  # too large for a list of numbers; reported as not there

    return committed


@lru_cache(maxsize=32)
def _parse(data: bytes, path: str, name: str) -> Spec | BadSpec:
    """Every step of a run asks for its spec, and reading YAML with positions takes milliseconds."""
    return parse_spec(data, file=path, default_name=name)


def _read(source: Source, repository: Repository, sha: Sha, path: str) -> bytes | Problem | None:
    """A refusal means that the file is too large, unless the commit is no longer here."""
    try:
        return source.read(repository, sha, path, limit=MOST_BYTES)
    except Refused:
        source.fetch(repository, sha)
    try:
        return source.read(repository, sha, path, limit=MOST_BYTES)
    except Refused:
        return Problem(path, 1, 1, TOO_LARGE)
