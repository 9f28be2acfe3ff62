"""The Source port on git. Built by bootstrap; called by the leader (tags, specs) and by each run."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from reprise import uses
from reprise.adapters.git import commands, complaints, export, remote, snapshot
from reprise.adapters.git.addresses import Address
from reprise.adapters.git.objects import Entry, Objects
from reprise.adapters.git.storage import SUBMODULES, lock_of
from reprise.adapters.git.submodules import Submodules, config_reader
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha, Submodule
from reprise.locks import locked
from reprise.ports import Commit

_MISSED = "push that commit there, or record one that is there"
_MOVED = "write its new address into .gitmodules"
_ABSENT = "correct its address in .gitmodules or commit its files instead"
_LIKE_OURS = complaints.Advice(commit_gone=_MISSED, moved=_MOVED, absent=_ABSENT)
_NOT_OURS = complaints.Advice(
    commit_gone=_MISSED,
    moved=_MOVED,
    absent=_ABSENT,
    denied="our token is not sent there; make it public or commit its files instead",
)

_SHA = re.compile(r"[0-9a-f]{40}")


def _no_token(clone_url: str) -> str | None:
    return None


class GitSource:
    """One bare cache per repository id below ``cache``. Safe for several threads and processes."""

    def __init__(
        self,
        cache: Path,
        *,
        token_for: remote.TokenFor = _no_token,
        token_for_submodules: Callable[[], bool] = lambda: True,
        timeout: timedelta = timedelta(minutes=10),
        limits: export.Limits = export.Limits(),
        allow_file: bool = False,
        system: Mapping[str, str] = os.environ,
    ) -> None:
        """``token_for_submodules``: whether submodules of the same owner are fetched with a token too.

        An App's is limited to one repository, so that a fork's ``.gitmodules`` opens no other.
        """
        self._cache = cache
        self._token_for_submodules = token_for_submodules
        self._limits = limits
        self._timeout = timeout.total_seconds()
        self._system = system
        self._home = cache / "home"
        self._home.mkdir(parents=True, exist_ok=True)
        protocols = "http:https:file" if allow_file else "http:https"
        self._remotes = remote.Remotes(system, self._home, token_for, protocols, self._timeout)

    def close(self) -> None:
        """End the conversations that go on; they raise Retryable, and so does every later one."""
        self._remotes.closing.close()

    def tags(self, repository: Repository) -> dict[str, Sha]:
        return self._remotes.tags(repository, most_bytes=self._limits.listing_bytes)

    def head(self, repository: Repository) -> Sha | None:
        return self._remotes.head(repository)

    def fetch(self, repository: Repository, sha: Sha) -> Commit:
        if not _SHA.fullmatch(sha):
            raise Refused(f"{export.printable(sha)} is not a full commit id")
        folder = self._folder(repository)

        def bring(held: int) -> None:
            self._remotes.fetch(repository, sha, folder, most_bytes=self._limits.total_bytes, held=held)

        return self._brought(folder, sha, bring)

    def _brought(self, folder: Path, sha: Sha, bring: Callable[[int], None]) -> Commit:
        """The commit from this cache, where ``bring`` puts it, under the lock, if it is not there."""
        uses.touch(folder)
        known = self._known(folder, sha)
        if known is not None:
            return known
        with locked(lock_of(folder), timeout=self._timeout) as held:
            self._create(folder)
            known = self._known(folder, sha)
            if known is not None:
                return known
            bring(held)
        with self._objects(folder) as objects:
            return objects.commit(sha)

    def parent(self, repository: Repository, sha: Sha) -> Sha | None:
        with self._opened(repository, sha) as objects:
            return objects.parent(sha)

    def read(self, repository: Repository, sha: Sha, path: str, *, limit: int) -> bytes | None:
        with self._opened(repository, sha) as objects:
            entry = _find(objects, objects.commit(sha).tree, path)
            if entry is None or not entry.is_file:
                return None
            size = objects.size(entry.sha)
            if size > limit:
                raise Refused(f"{export.printable(path)} has {size} bytes; at most {limit} are read")
            return objects.content(entry.sha)

    def list_folder(self, repository: Repository, sha: Sha, folder: str) -> tuple[str, ...]:
        with self._opened(repository, sha) as objects:
            tree = objects.commit(sha).tree
            if _parts(folder):
                entry = _find(objects, tree, folder)
                if entry is None or not entry.is_folder:
                    return ()
                tree = entry.sha
            return tuple(sorted(entry.name for entry in objects.entries(tree) if entry.is_file))

    def export(
        self, repository: Repository, sha: Sha, into: Path, *, trusted: bool = True
    ) -> tuple[Submodule, ...]:
        uses.use(self._folder(repository), into.parent)
        with ExitStack() as opened:
            objects = opened.enter_context(self._opened(repository, sha))
            submodules = Submodules(
                repository.clone_url,
                self._bring_submodule if trusted else self._bring_public,
                opened,
                limits=self._limits,
                timeout=self._timeout,
                read_config=config_reader(commands.environment(self._system, self._home), self._home),
            )
            top = export.Root("", objects, objects.commit(sha).tree)
            export.lay_out(top, into, self._limits, timeout=self._timeout, graft=submodules.graft)
            return tuple(submodules.laid_out)

    def _bring_submodule(
        self, address: Address, sha: Sha, *, most_bytes: int, timeout: float
    ) -> tuple[Objects, int]:
        if not self._token_for_submodules():
            address = replace(address, credentials=False)
        folder = self._cache / SUBMODULES / f"{address.key}.git"
        folder.parent.mkdir(exist_ok=True)
        remotes = replace(
            self._remotes,
            protocols=address.protocols,
            timeout=min(timeout, self._timeout),
            token_for=self._remotes.token_for if address.credentials else _no_token,
            advice=_LIKE_OURS if address.credentials else _NOT_OURS,
        )
        brought = 0

        def bring(held: int) -> None:
            nonlocal brought
            before = remote.pack_bytes(folder)
            where = Repository(0, address.url, address.url)
            remotes.fetch(where, sha, folder, most_bytes=most_bytes, held=held)
            brought = remote.pack_bytes(folder) - before

        self._brought(folder, sha, bring)
        return self._objects(folder), brought

    def _bring_public(
        self, address: Address, sha: Sha, *, most_bytes: int, timeout: float
    ) -> tuple[Objects, int]:
        """For a stranger's ``.gitmodules``: else it would show us, and then them, what is private."""
        open_to_all = replace(address, credentials=False)
        return self._bring_submodule(open_to_all, sha, most_bytes=most_bytes, timeout=timeout)

    def snapshot(self, path: Path) -> tuple[Repository, Sha, bool]:
        """The working tree that ``path`` lies in, as (repository, commit, dirty), for a rehearsal.

        A dirty tree becomes a commit in our cache; the person's repository is never written to.
        Raises UserError when there is no usable git repository.
        """
        found = snapshot.locate(path, self._system, self._home, self._timeout)
        folder = self._folder(found.repository)
        with locked(lock_of(folder), timeout=self._timeout):
            uses.touch(folder)
            self._create(folder)
            sha, dirty = snapshot.take(found, folder, self._limits, self._timeout)
        return found.repository, sha, dirty

    def _opened(self, repository: Repository, sha: Sha) -> Objects:
        folder = self._folder(repository)
        if not _SHA.fullmatch(sha) or not folder.exists():
            raise Refused(f"commit {export.printable(sha)} of {repository.full_name} has not been fetched")
        return self._objects(folder)

    def _objects(self, folder: Path) -> Objects:
        return Objects(folder, commands.environment(self._system, self._home))

    def _folder(self, repository: Repository) -> Path:
        return self._cache / f"{repository.id}.git"

    def _known(self, folder: Path, sha: Sha) -> Commit | None:
        if not folder.exists():
            return None
        with self._objects(folder) as objects:
            return objects.find_commit(sha)

    def _create(self, folder: Path) -> None:
        """Whole or not at all, since readers do not lock; the caller holds the lock."""
        if folder.exists():
            return
        partial = folder.with_suffix(".partial")
        outcome = commands.run_git(
            *("init", "--quiet", "--bare", "--template=", "--initial-branch=main", "--", str(partial)),
            environment=commands.environment(self._system, self._home),
            cwd=self._cache,
            timeout=self._timeout,
        )
        if outcome.code != 0:
            raise Retryable(f"the cache {folder} could not be made: {outcome.stderr.strip()[:300]}")
        partial.rename(folder)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _find(objects: Objects, tree: str, path: str) -> Entry | None:
    """The entry at a path; links are not followed."""
    found: Entry | None = None
    for part in _parts(path):
        if found is not None:
            if not found.is_folder:
                return None
            tree = found.sha
        found = next((entry for entry in objects.entries(tree) if entry.name == part), None)
        if found is None:
            return None
    return found
