"""The repositories that a GitHub App was given. Called by `api`.

Every list also says which installation a repository belongs to, which saves asking for each.
"""

from collections.abc import Iterator

import structlog
from github import Github
from pydantic import BaseModel, ConfigDict

from reprise.adapters.github.app import PER_PAGE, AppAccount
from reprise.adapters.github.refusal import Intent
from reprise.domain.errors import Refused
from reprise.domain.run import Repository, Standing

MAX_REPOSITORIES = 5_000
"""Of one installation."""
log = structlog.get_logger()


class _Listed(BaseModel):
    model_config = ConfigDict(strict=True)

    id: int
    full_name: str
    clone_url: str
    private: bool
    archived: bool = False


class _Page(BaseModel):
    repositories: list[_Listed]


def everywhere(account: AppAccount) -> tuple[Repository, ...]:
    """Of every installation that is not suspended. One that refuses does not hide the others."""
    found: list[Repository] = []
    for installation in account.installations():
        if installation.suspended_at is not None:
            continue
        try:
            found += _given(account, installation.id, installation.account.login)
        except Refused as error:
            log.warning("installation not listed", owner=installation.account.login, why=str(error))
    return tuple(found)


def of_owner(account: AppAccount, owner: str) -> tuple[Repository, ...]:
    """Raises NotInstalled when this owner did not install the App."""
    return tuple(_given(account, account.installation_for(owner), owner))


def _given(account: AppAccount, installation: int, owner: str) -> list[Repository]:
    intent = Intent(f"list the repositories that {owner} gave our GitHub App", "metadata: read")
    found = account.ask_at(installation, intent, lambda github: list(_pages(github)))
    for repository in found:
        account.remember(repository.full_name, installation)
    return found


def _pages(github: Github) -> Iterator[Repository]:
    for page in range(1, MAX_REPOSITORIES // PER_PAGE + 1):
        query = {"per_page": PER_PAGE, "page": page}
        _, reply = github.requester.requestJsonAndCheck("GET", "/installation/repositories", parameters=query)
        listed = _Page.model_validate(reply).repositories
        for each in listed:
            standing = Standing.ARCHIVED if each.archived else Standing.ACTIVE
            yield Repository(each.id, each.full_name, each.clone_url, not each.private, standing)
        if len(listed) < PER_PAGE:
            return
