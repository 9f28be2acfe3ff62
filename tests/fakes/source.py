"""Repositories in memory that keep the Source port's promises; tests/contract/ holds it to them."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reprise.domain import run
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Sha
from reprise.ports import Commit


@dataclass(frozen=True, slots=True)
class Executable:
    content: bytes


@dataclass(frozen=True, slots=True)
class Link:
    target: str


@dataclass(frozen=True, slots=True)
class Submodule:
    """Another repository's commit; without an address it cannot be laid out."""

    url: str | None = None
    commit: str = "c" * 40


File = str | bytes | Executable | Link | Submodule
"""What may stand at a path of a commit."""


@dataclass
class _Remote:
    commits: dict[Sha, dict[str, File]] = field(default_factory=dict)
    tags: dict[str, Sha] = field(default_factory=dict)
    head: Sha | None = None
    parents: dict[Sha, Sha] = field(default_factory=dict)


class FakeSource:
    """``commit`` and ``tag`` are what authors do; ``fail`` makes the next calls raise."""

    def __init__(self) -> None:
        self._remotes: dict[int, _Remote] = {}
        self._fetched: dict[tuple[int, Sha], dict[str, File]] = {}
        self._failures: list[Exception] = []
        self.listed: list[str] = []
        """Whose tags were asked for, by the names that they had then."""
        self.fetches = 0
        """How often something had to be brought here."""
        self.exported: list[tuple[Sha, bool]] = []
        """Each commit that was laid out, and whether it was trusted."""

    def commit(
        self,
        repository: Repository,
        files: Mapping[str, File],
        sha: Sha | None = None,
        *,
        parent: Sha | None = None,
    ) -> Sha:
        """``sha``: the one that a real forge gave it."""
        text = json.dumps([repository.id, sorted((path, repr(file)) for path, file in files.items())])
        sha = sha or Sha(hashlib.sha1(text.encode()).hexdigest())
        self._remote(repository).commits[sha] = dict(files)
        if parent is not None:
            self._remote(repository).parents[sha] = parent
        return sha

    def tag(self, repository: Repository, name: str, sha: Sha) -> None:
        self._remote(repository).tags[name] = sha

    def delete_tag(self, repository: Repository, name: str) -> None:
        del self._remote(repository).tags[name]

    def set_head(self, repository: Repository, sha: Sha | None) -> None:
        """The default branch names this commit from now on."""
        self._remote(repository).head = sha

    def lose(self, repository: Repository, sha: Sha) -> None:
        """The remote forgets a commit, as after a forced push."""
        del self._remote(repository).commits[sha]

    def forget(self) -> None:
        """Our copies are gone, as when somebody empties the cache."""
        self._fetched.clear()

    def fail(self, *errors: Exception) -> None:
        """The next calls to the remote raise these, in order."""
        self._failures.extend(errors)

    def tags(self, repository: Repository) -> dict[str, Sha]:
        self.listed.append(repository.full_name)
        self._answer()
        return dict(self._remote(repository).tags)

    def head(self, repository: Repository) -> Sha | None:
        self._answer()
        return self._remote(repository).head

    def fetch(self, repository: Repository, sha: Sha) -> Commit:
        if (repository.id, sha) not in self._fetched:
            self._answer()
            files = self._remote(repository).commits.get(sha)
            if files is None:
                raise Refused(f"commit {sha[:12]} is not in {repository.full_name} any more")
            self._fetched[repository.id, sha] = files
            self.fetches += 1
        tree = hashlib.sha1(f"tree {sha}".encode()).hexdigest()
        return Commit(sha, tree, datetime(2024, 1, 1, tzinfo=UTC))

    def parent(self, repository: Repository, sha: Sha) -> Sha | None:
        self._files(repository, sha)
        return self._remote(repository).parents.get(sha)

    def read(self, repository: Repository, sha: Sha, path: str, *, limit: int) -> bytes | None:
        content = _content(self._files(repository, sha).get(path))
        if content is not None and len(content) > limit:
            raise Refused(f"{path} has {len(content)} bytes; at most {limit} are read")
        return content

    def list_folder(self, repository: Repository, sha: Sha, folder: str) -> tuple[str, ...]:
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        names = (
            path.removeprefix(prefix)
            for path, file in self._files(repository, sha).items()
            if path.startswith(prefix) and _content(file) is not None
        )
        return tuple(sorted(name for name in names if "/" not in name))

    def export(
        self, repository: Repository, sha: Sha, into: Path, *, trusted: bool = True
    ) -> tuple[run.Submodule, ...]:
        self.exported.append((sha, trusted))
        files = self._files(repository, sha)
        for path, file in files.items():
            _refuse_unsafe(path, file)
        into.mkdir(parents=True)
        for path, file in files.items():
            _write(into / path, file)
        return tuple(
            run.Submodule(path, file.url, Sha(file.commit))
            for path, file in sorted(files.items())
            if isinstance(file, Submodule) and file.url is not None
        )

    def _files(self, repository: Repository, sha: Sha) -> dict[str, File]:
        files = self._fetched.get((repository.id, sha))
        if files is None:
            raise Refused(f"commit {sha} of {repository.full_name} has not been fetched")
        return files

    def _remote(self, repository: Repository) -> _Remote:
        return self._remotes.setdefault(repository.id, _Remote())

    def _answer(self) -> None:
        if self._failures:
            raise self._failures.pop(0)


def _content(file: File | None) -> bytes | None:
    match file:
        case str():
            return file.encode()
        case bytes():
            return file
        case Executable(content):
            return content
        case _:
            return None


def _refuse_unsafe(path: str, file: File) -> None:
    if isinstance(file, Submodule) and file.url is None:
        raise Refused(f"{path} is a submodule that cannot be laid out: .gitmodules has no address for it")
    if isinstance(file, Link):
        meant = os.path.normpath(os.path.join(os.path.dirname(path), file.target))
        if os.path.isabs(file.target) or meant.startswith(".."):
            raise Refused(f"the link {path} leads out of the repository")


def _write(target: Path, file: File) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    content = _content(file)
    if isinstance(file, Submodule):
        target.mkdir()
    if isinstance(file, Link):
        target.symlink_to(file.target)
    if content is not None:
        target.write_bytes(content)
        target.chmod(0o755 if isinstance(file, Executable) else 0o644)
