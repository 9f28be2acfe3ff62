"""Compares the files that a trial wrote with the digests that the repository declares."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from reprise.domain.run import TrialResult
from reprise.domain.spec.model import Artifact


class Match(Enum):
    IDENTICAL = "identical"
    DIFFERENT = "different"
    MISSING = "missing"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class ArtifactCheck:
    path: str
    match: Match
    required: bool
    expected: str | None
    """The declared sha256; None when only the file itself is asked for."""
    found: str | None
    """sha256 of what trial 0 wrote."""

    @property
    def failed(self) -> bool:
        return self.required and self.match in (Match.DIFFERENT, Match.MISSING)


def check_artifacts(
    artifacts: Iterable[Artifact], results: Sequence[TrialResult]
) -> tuple[ArtifactCheck, ...]:
    """One check for each declared artifact; trial 0 decides, because only its seed is the author's."""
    found = results[0].artifacts if results else {}
    return tuple(_check(artifact, found.get(artifact.path)) for artifact in artifacts)


def all_identical(checks: Iterable[ArtifactCheck]) -> bool:
    """Level A: at least one artifact has a digest, and every one with a digest matches."""
    digested = [check for check in checks if check.expected is not None]
    return bool(digested) and all(check.match is Match.IDENTICAL for check in digested)


def _check(artifact: Artifact, found: str | None) -> ArtifactCheck:
    return ArtifactCheck(artifact.path, _match(artifact, found), artifact.required, artifact.sha256, found)


def _match(artifact: Artifact, found: str | None) -> Match:
    if found is None:
        return Match.MISSING
    if artifact.sha256 is None:
        return Match.WRITTEN
    return Match.IDENTICAL if found == artifact.sha256.lower() else Match.DIFFERENT
