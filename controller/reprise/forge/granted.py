"""An installation's token turned into what its bearer may do at this moment."""

import json
from dataclasses import dataclass

from reprise.domain.forge import Permission
from reprise.forge.permissions import Need, enough
from reprise.forge.problems import Problem, bad_credentials
from reprise.forge.records import (
    App,
    Installation,
    InstallationToken,
    Repository,
    SelectedRepository,
    User,
)
from reprise.forge.store import Store, digest, now


@dataclass(frozen=True, slots=True)
class Grant:
    app: App
    bot: User
    installation: Installation
    token: InstallationToken
    permissions: dict[str, str]
    repositories: frozenset[int]

    @property
    def limited(self) -> bool:
        """Whether the token was made for chosen repositories of the installation."""
        return self.token.repository_ids is not None

    def allows(self, need: Need) -> bool:
        return need.met_by(self.permissions)

    def covers(self, repository: Repository) -> bool:
        return repository.id in self.repositories

    def role(self, repository: Repository) -> Permission:
        """What the calls look at once more; which call needs what is in `permissions`."""
        if not self.covers(repository):
            return Permission.NONE if repository.private else Permission.READ
        if any(
            enough(self.permissions.get(name), "write") for name in ("administration", "repository_hooks")
        ):
            return Permission.ADMIN
        writes = any(enough(level, "write") for level in self.permissions.values())
        return Permission.WRITE if writes else Permission.READ


def repositories_of(store: Store, installation: Installation) -> list[Repository]:
    """What the App is installed on at this moment, oldest first."""
    if installation.selection == "all":
        return store.all(Repository, owner=installation.account)
    chosen = store.all(SelectedRepository, installation_id=installation.id, removed_at=None)
    found = [store.get(Repository, each.repository_id) for each in chosen]
    return [each for each in found if each.owner.lower() == installation.account.lower()]


def grant_of(store: Store, token: str) -> Grant | None:
    """None when no installation has this token; raises Problem for one that is over or suspended."""
    known = store.one(InstallationToken, sha256=digest(token))
    if known is None:
        return None
    installation = store.get(Installation, known.installation_id)
    if known.expires_at <= now() or installation.deleted_at is not None:
        raise bad_credentials()
    if installation.suspended_at is not None:
        raise Problem(403, "This installation has been suspended")
    app = store.get(App, installation.app_id)
    everything = {each.id for each in repositories_of(store, installation)}
    only = None if known.repository_ids is None else set(json.loads(known.repository_ids))
    return Grant(
        app,
        bot_of(store, app),
        installation,
        known,
        known.grants,
        frozenset(everything if only is None else everything & only),
    )


def bot_of(store: Store, app: App) -> User:
    found = store.one(User, login=app.bot)
    if found is None:
        raise LookupError(f"the App {app.slug} has no account")
    return found
