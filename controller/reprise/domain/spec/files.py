"""A spec file as it was read, wherever it came from."""

import hashlib
from dataclasses import dataclass

from reprise.domain.spec.model import BadSpec, Problem, Spec
from reprise.domain.spec.names import SPEC_FILE, SPEC_SUFFIX


@dataclass(frozen=True, slots=True)
class SpecFile:
    path: str
    text: str
    spec: Spec | BadSpec

    @property
    def is_root(self) -> bool:
        return self.path == SPEC_FILE

    @property
    def sha256(self) -> str:
        """Of the file's bytes, which are UTF-8 where there is a `Spec`."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def distinct(files: list[SpecFile]) -> list[SpecFile]:
    """Two files of one name would be one experiment with two meanings: the later one is refused."""
    seen: dict[str, str] = {}
    kept = []
    for file in files:
        first = seen.setdefault(file.spec.name, file.path)
        kept.append(file if first == file.path else _taken(file, first))
    return kept


def _taken(file: SpecFile, first: str) -> SpecFile:
    why = f"the name {file.spec.name!r} is that of {first}: give one of them another name"
    stem = file.path.rsplit("/", 1)[-1].removesuffix(SPEC_SUFFIX)
    return SpecFile(file.path, file.text, BadSpec(f"{stem}-2", (Problem(file.path, 1, 1, why),)))
