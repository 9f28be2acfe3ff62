"""Deliveries about whole repositories, an App's access to them, and merge queues. Part of `webhook`."""

from collections.abc import Callable

from pydantic import BaseModel

from reprise.adapters.github.fields import Account, FullSha, Name, Number, Repository
from reprise.domain import run
from reprise.domain.event import AccessChanged, Event, Ignored, MergeQueued, RepositoryChanged
from reprise.domain.run import Sha, Standing


class _WholeRepository(Repository):
    clone_url: Name
    private: bool
    archived: bool = False


class _RepositoryEvent(BaseModel):
    action: str
    repository: _WholeRepository
    sender: Account


class _Installation(BaseModel):
    account: Account


class _Numbered(BaseModel):
    id: Number


class _InstallationEvent(BaseModel):
    action: str
    installation: _Installation
    repositories: list[_Numbered] | None = None
    sender: Account


class _InstallationRepositories(_InstallationEvent):
    repositories_added: list[_Numbered] = []
    repositories_removed: list[_Numbered] = []


class _MergeGroup(BaseModel):
    head_sha: FullSha


class _MergeGroupEvent(BaseModel):
    action: str
    merge_group: _MergeGroup
    repository: Repository
    sender: Account


_ACTIONS = frozenset(
    {"renamed", "transferred", "privatized", "publicized", "archived", "unarchived", "deleted"}
)


def _read_repository(body: bytes) -> Event:
    event = _RepositoryEvent.model_validate_json(body)
    found = event.repository
    if event.action not in _ACTIONS:
        return Ignored(found.full_name, "repository made or edited")
    standing = Standing.ARCHIVED if found.archived else Standing.ACTIVE
    if event.action == "deleted":
        standing = Standing.DELETED
    facts = run.Repository(found.id, found.full_name, found.clone_url, not found.private, standing)
    return RepositoryChanged(facts, event.action, event.sender.login)


_INSTALLATIONS = {
    "created": Standing.ACTIVE,
    "unsuspend": Standing.ACTIVE,
    "new_permissions_accepted": Standing.ACTIVE,
    "suspend": Standing.SUSPENDED,
    "deleted": Standing.REMOVED,
}
"""What was taken away concerns all repositories of the account: an installation never had others."""


def _read_installation(body: bytes) -> Event:
    event = _InstallationEvent.model_validate_json(body)
    standing = _INSTALLATIONS.get(event.action)
    if standing is None:
        return Ignored(None, "installation event not used")
    listed = event.repositories if standing is Standing.ACTIVE else None
    numbers = tuple(each.id for each in listed) if listed is not None else None
    return AccessChanged(event.installation.account.login, standing, numbers, event.sender.login)


def _read_installation_repositories(body: bytes) -> Event:
    event = _InstallationRepositories.model_validate_json(body)
    standing = {"added": Standing.ACTIVE, "removed": Standing.REMOVED}.get(event.action)
    if standing is None:
        return Ignored(None, "installation event not used")
    named = event.repositories_added if event.action == "added" else event.repositories_removed
    numbers = tuple(each.id for each in named)
    return AccessChanged(event.installation.account.login, standing, numbers, event.sender.login)


def _read_merge_group(body: bytes) -> Event:
    event = _MergeGroupEvent.model_validate_json(body)
    repository = event.repository
    if event.action != "checks_requested":
        return Ignored(repository.full_name, "merge group over")
    sha = Sha(event.merge_group.head_sha)
    return MergeQueued(repository.id, repository.full_name, sha, event.sender.login)


CHANGES: dict[str, Callable[[bytes], Event]] = {
    "repository": _read_repository,
    "installation": _read_installation,
    "installation_repositories": _read_installation_repositories,
    "merge_group": _read_merge_group,
}
"""event → its reader"""
