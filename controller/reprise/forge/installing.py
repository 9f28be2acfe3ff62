"""Where an App is installed: on all repositories of an account or on chosen ones, suspended or gone.

Only rows change here; who is told of it is in `app_events`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from reprise.forge.granted import repositories_of
from reprise.forge.permissions import within
from reprise.forge.problems import Problem
from reprise.forge.records import (
    App,
    Installation,
    InstallationToken,
    Repository,
    SelectedRepository,
    User,
)
from reprise.forge.store import Store, digest, now
from reprise.forge.tokens import new_installation_token

TOKEN_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    text: str
    """Shown once."""
    record: InstallationToken


def install(store: Store, app: App, account: User, chosen: Sequence[Repository] | None) -> Installation:
    """On these repositories of the account (None: on all, also later ones). There is one per account."""
    at = now()
    with store.changing():
        if found := store.one(Installation, app_id=app.id, account=account.login, deleted_at=None):
            choose(store, found, chosen)
            return store.get(Installation, found.id)
        made = store.add(
            Installation,
            app_id=app.id,
            account=account.login,
            selection="all" if chosen is None else "selected",
            permissions=app.permissions,
            events=app.events,
            created_at=at,
            updated_at=at,
            suspended_at=None,
            suspended_by=None,
            deleted_at=None,
        )
        _select(store, made, chosen or ())
    return made


def choose(
    store: Store, installation: Installation, chosen: Sequence[Repository] | None
) -> tuple[list[Repository], list[Repository]]:
    """Change what it is installed on; returns what was added and what was removed."""
    with store.changing():
        before = repositories_of(store, installation)
        selection = "all" if chosen is None else "selected"
        changed = store.change(Installation, installation.id, selection=selection, updated_at=now())
        for row in store.all(SelectedRepository, installation_id=installation.id, removed_at=None):
            store.change(SelectedRepository, row.id, removed_at=now())
        _select(store, changed, chosen or ())
        after = repositories_of(store, changed)
    had, has = {each.id for each in before}, {each.id for each in after}
    return [each for each in after if each.id not in had], [each for each in before if each.id not in has]


def _select(store: Store, installation: Installation, chosen: Sequence[Repository]) -> None:
    for repository in chosen:
        store.add(
            SelectedRepository, installation_id=installation.id, repository_id=repository.id, removed_at=None
        )


def suspend(store: Store, installation: Installation, by: str) -> Installation:
    at = now()
    return store.change(Installation, installation.id, suspended_at=at, suspended_by=by, updated_at=at)


def unsuspend(store: Store, installation: Installation) -> Installation:
    return store.change(Installation, installation.id, suspended_at=None, suspended_by=None, updated_at=now())


def uninstall(store: Store, installation: Installation) -> Installation:
    """Its tokens are worth nothing from now on."""
    return store.change(Installation, installation.id, deleted_at=now())


def installed_on(store: Store, repository: Repository) -> list[Installation]:
    """The installations, of any App, that include this repository; suspended ones too."""
    there = store.all(Installation, account=repository.owner, deleted_at=None)
    return [each for each in there if any(one.id == repository.id for one in repositories_of(store, each))]


def new_token(
    store: Store,
    app: App,
    installation: Installation,
    *,
    only: Sequence[Repository] | None,
    permissions: dict[str, str] | None,
) -> NewToken:
    """For an hour. Raises Problem 403 while it is suspended, 422 for more than it was granted."""
    if installation.suspended_at is not None:
        raise Problem(403, "This installation has been suspended")
    if permissions is not None and not within(permissions, installation.grants):
        raise Problem(422, "The permissions requested are not granted to this installation.")
    granted = installation.grants if permissions is None else {**permissions, "metadata": "read"}
    text = new_installation_token(app)
    record = store.add(
        InstallationToken,
        sha256=digest(text),
        installation_id=installation.id,
        permissions=json.dumps(granted, sort_keys=True),
        repository_ids=None if only is None else json.dumps([each.id for each in only]),
        expires_at=now(later=TOKEN_LIFE),
    )
    return NewToken(text, record)
