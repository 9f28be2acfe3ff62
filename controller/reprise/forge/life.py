"""What becomes of a repository: another name, another owner, private or public, archived, deleted.

Each change is told as `repository` events. Ids stay, so that everything else goes on; an old name leads to
the repository until somebody else takes it.
"""

from dataclasses import dataclass

from reprise.domain.forge import Permission
from reprise.forge import app_events, installing, views
from reprise.forge.access import Call
from reprise.forge.problems import invalid
from reprise.forge.records import OldName, Repository, User
from reprise.forge.replies.people import JSON


@dataclass(frozen=True, slots=True)
class Wish:
    """What to change; None leaves it as it is."""

    name: str | None = None
    private: bool | None = None
    archived: bool | None = None
    description: str | None = None
    default_branch: str | None = None


def change(call: Call, was: Repository, wish: Wish, sender: User) -> Repository:
    """Raises Problem 422 for a name that is taken or a branch that is not there."""
    wanted = {
        field: value
        for field in ("name", "private", "archived", "description", "default_branch")
        if (value := getattr(wish, field)) is not None and value != getattr(was, field)
    }
    if "default_branch" in wanted and call.git(was).ref(f"refs/heads/{wish.default_branch}") is None:
        raise invalid("Repository", "default_branch", "invalid")
    with call.store.changing():
        if wish.name is not None and wish.name.lower() != was.name.lower():
            _leave(call, was, was.owner, wish.name)
        now = call.store.change(Repository, was.id, **wanted) if wanted else was
    if "default_branch" in wanted:
        call.git(now).set_head(now.default_branch)
    for action, changes in _told(was, now):
        announce(call, now, action, sender, changes)
    return now


def _told(was: Repository, now: Repository) -> list[tuple[str, JSON]]:
    """The actions of the events, with what each says about before."""
    told: list[tuple[str, JSON]] = []
    if was.name != now.name:
        told.append(("renamed", {"repository": {"name": {"from": was.name}}}))
    if was.private != now.private:
        told.append(("privatized" if now.private else "publicized", {}))
    if was.archived != now.archived:
        told.append(("archived" if now.archived else "unarchived", {}))
    edited = {
        field: {"from": getattr(was, field)}
        for field in ("description", "default_branch")
        if getattr(was, field) != getattr(now, field)
    }
    return [*told, ("edited", edited)] if edited else told


def transfer(call: Call, was: Repository, owner: User, name: str, sender: User) -> Repository:
    """To another account, which counts as having accepted. A person who owned it may still write to it."""
    left = installing.installed_on(call.store, was)
    before = call.person(was.owner)
    with call.store.changing():
        _leave(call, was, owner.login, name)
        now = call.store.change(Repository, was.id, owner=owner.login, name=name)
        if before.kind == "User":
            call.store.set_role(now, before.login, Permission.WRITE)
    kind = "organization" if before.kind == "Organization" else "user"
    changes = {"owner": {"from": {kind: views.user(call, before.login)}}}
    for installation in left:
        app_events.announce_repositories(call, installation, removed=[was], sender=sender.login)
    app_events.announce_new_repository(call, now, sender.login)
    announce(call, now, "transferred", sender, changes)
    return now


def delete(call: Call, was: Repository, sender: User) -> None:
    """Its row stays without owner and out of sight, since pull requests elsewhere may have come from it."""
    announce(call, was, "deleted", sender, {})
    with call.store.changing():
        for fork in call.store.all(Repository, fork_of=was.id):
            call.store.change(Repository, fork.id, fork_of=None)
        call.store.remove(OldName, repository_id=was.id)
        call.store.drop_members(was)
        call.store.change(Repository, was.id, owner="", name=str(was.id), private=True)


def announce(call: Call, where: Repository, action: str, sender: User, changes: JSON) -> None:
    said = {"changes": changes} if changes else {}
    payload = {
        "action": action,
        **said,
        "repository": views.repository(call, where),
        "sender": views.user(call, sender.login),
    }
    call.forge.dispatcher.tell(where, "repository", lambda: payload)


def _leave(call: Call, was: Repository, owner: str, name: str) -> None:
    """Make the present name an old one. Raises Problem 422 when the new one is taken."""
    if name.endswith(".git") or call.store.one(Repository, owner=owner, name=name):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    call.store.remove(OldName, owner=was.owner, name=was.name)
    call.store.add(OldName, owner=was.owner, name=was.name, repository_id=was.id)
