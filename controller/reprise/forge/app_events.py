"""What an App is told about itself: where it was installed, on which repositories, suspended or gone."""

from collections.abc import Sequence

from reprise.forge import installing, views
from reprise.forge.access import Call
from reprise.forge.granted import repositories_of
from reprise.forge.records import App, Installation, Repository, User
from reprise.forge.replies.people import JSON, node_id


def install_and_tell(
    call: Call, app: App, account: User, chosen: Sequence[Repository] | None, sender: str
) -> Installation:
    """Where it is installed already, that is changed."""
    if there := call.store.one(Installation, app_id=app.id, account=account.login, deleted_at=None):
        choose_and_tell(call, there, chosen, sender)
        return there
    made = installing.install(call.store, app, account, chosen)
    _tell(call, made, "created", sender, repositories_of(call.store, made))
    return made


def choose_and_tell(
    call: Call, installation: Installation, chosen: Sequence[Repository] | None, sender: str
) -> None:
    added, removed = installing.choose(call.store, installation, chosen)
    changed = call.store.get(Installation, installation.id)
    announce_repositories(call, changed, added=added, removed=removed, sender=sender)


def suspend_and_tell(call: Call, installation: Installation, sender: str) -> None:
    _tell(call, installing.suspend(call.store, installation, sender), "suspend", sender)


def unsuspend_and_tell(call: Call, installation: Installation, sender: str) -> None:
    _tell(call, installing.unsuspend(call.store, installation), "unsuspend", sender)


def uninstall_and_tell(call: Call, installation: Installation, sender: str) -> None:
    had = repositories_of(call.store, installation)
    _tell(call, installing.uninstall(call.store, installation), "deleted", sender, had)


def _tell(
    call: Call,
    installation: Installation,
    action: str,
    sender: str,
    repositories: Sequence[Repository] | None = None,
) -> None:
    """Where it was created or deleted, the repositories are named."""
    named = {} if repositories is None else {"repositories": [brief(each) for each in repositories]}
    payload = {
        "action": action,
        "installation": views.installation(call, installation),
        **named,
        "sender": views.user(call, sender),
    }
    call.forge.dispatcher.tell_installation(installation, "installation", payload)


def announce_repositories(
    call: Call,
    installation: Installation,
    *,
    added: Sequence[Repository] = (),
    removed: Sequence[Repository] = (),
    sender: str,
) -> None:
    """One event for what was added and one for what was removed."""
    for action, these in (("added", added), ("removed", removed)):
        if these:
            payload = {
                "action": action,
                "installation": views.installation(call, installation),
                "repository_selection": installation.selection,
                "repositories_added": [brief(each) for each in added if action == "added"],
                "repositories_removed": [brief(each) for each in removed if action == "removed"],
                "requester": None,
                "sender": views.user(call, sender),
            }
            call.forge.dispatcher.tell_installation(installation, "installation_repositories", payload)


def announce_new_repository(call: Call, repository: Repository, sender: str) -> None:
    """To the Apps that are installed on everything of its owner."""
    for installation in installing.installed_on(call.store, repository):
        announce_repositories(call, installation, added=[repository], sender=sender)


def brief(what: Repository) -> JSON:
    return {
        "id": what.id,
        "node_id": node_id("R", what.id),
        "name": what.name,
        "full_name": what.full_name,
        "private": what.private,
    }
