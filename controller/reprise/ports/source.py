"""Reading repositories."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reprise.domain.run import (
    Repository,
    Sha,
    Submodule,
)


@dataclass(frozen=True, slots=True)
class Commit:
    sha: Sha
    tree: str
    committed_at: datetime


class Source(Protocol):
    """Reads repositories. Never runs anything from them: no hooks, no filters."""

    def tags(self, repository: Repository) -> dict[str, Sha]:
        """Every tag → what it peels to: a commit, else `fetch` refuses it (a listing names no kinds)."""
        ...

    def head(self, repository: Repository) -> Sha | None:
        """The newest commit of the default branch; None when there is none yet."""
        ...

    def fetch(self, repository: Repository, sha: Sha) -> Commit:
        """Bring exactly this commit here and verify it. Repeatable; cheap when already here.

        Raises Refused when the remote has no such commit.
        """
        ...

    def parent(self, repository: Repository, sha: Sha) -> Sha | None:
        """The first parent of a fetched commit, which need not be here; None of a first commit."""
        ...

    def read(self, repository: Repository, sha: Sha, path: str, *, limit: int) -> bytes | None:
        """A file of a fetched commit, None when there is no regular file. More than limit: Refused."""
        ...

    def list_folder(self, repository: Repository, sha: Sha, folder: str) -> tuple[str, ...]:
        """Names of the regular files directly in a folder, sorted; empty when there is no folder."""
        ...

    def export(
        self, repository: Repository, sha: Sha, into: Path, *, trusted: bool = True
    ) -> tuple[Submodule, ...]:
        """Write the tree of a fetched commit into a new folder: blobs as they are, no ``.git``.

        Submodules are fetched and laid out at their recorded commits; returns which, outer ones first. Those
        of a commit that is not ``trusted`` are fetched as anybody may, without our token.
        Raises Refused with a sentence for the author when the tree cannot be laid out safely.
        """
        ...
