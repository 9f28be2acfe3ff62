"""What hooks are told, and when. Payloads as GitHub sends them to a repository's webhook; an App's hook gets
the same with `installation`, which the dispatcher adds. For an annotated tag `after` is the tag object while
`head_commit` is the commit.
"""

from dataclasses import dataclass
from functools import partial

from reprise.forge import views
from reprise.forge.access import Call
from reprise.forge.records import Comment, Hook, Pull, Repository, User
from reprise.forge.replies.people import JSON
from reprise.forge.replies.repository import repository_in_push
from reprise.forge.repositories import ZERO, GitRepository, Ref

MOST_TAGS_ANNOUNCED = 3
"""GitHub creates no events at all for the tags of a push that changes more of them."""
MOST_COMMITS_LISTED = 20
TAGS = "refs/tags/"
BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RefChange:
    name: str
    before: str | None
    """None: it did not exist."""
    after: str | None
    """None: it was deleted."""

    @property
    def is_tag(self) -> bool:
        return self.name.startswith(TAGS)

    @property
    def is_branch(self) -> bool:
        return self.name.startswith(BRANCHES)

    @property
    def short(self) -> str:
        return self.name.removeprefix(TAGS).removeprefix(BRANCHES)


def ref_changes(before: list[Ref], after: list[Ref]) -> list[RefChange]:
    """Branches and tags that differ, by name."""
    old = {ref.name: ref.sha for ref in before}
    new = {ref.name: ref.sha for ref in after}
    changed = [RefChange(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    return [c for c in changed if c.before != c.after and (c.is_tag or c.is_branch)]


def announced(changes: list[RefChange]) -> list[RefChange]:
    """Without the tags when there are more than three."""
    tags = [change for change in changes if change.is_tag]
    return [c for c in changes if not c.is_tag] if len(tags) > MOST_TAGS_ANNOUNCED else changes


def announce_push(call: Call, where: Repository, changes: list[RefChange], pusher: User) -> None:
    tell = call.forge.dispatcher.tell
    for change in announced(changes):
        tell(where, "push", partial(push, call, where, change, pusher))
        if change.before is None:
            tell(where, "create", partial(ref_event, call, where, change, pusher))
        if change.after is None:
            tell(where, "delete", partial(ref_event, call, where, change, pusher))


def push(call: Call, where: Repository, change: RefChange, pusher: User) -> JSON:
    git = call.git(where)
    head = git.resolve(change.after) if change.after else None
    return {
        "ref": change.name,
        "before": change.before or ZERO,
        "after": change.after or ZERO,
        "repository": repository_in_push(views.repository(call, where)),
        "pusher": {"name": pusher.login, "email": pusher.email},
        "sender": views.user(call, pusher.login),
        "created": change.before is None,
        "deleted": change.after is None,
        "forced": forced(git, change),
        "base_ref": None,
        "compare": f"{call.links.page(where)}/compare/{change.short}",
        "commits": [] if change.is_tag else _commits(call, where, git, change),
        "head_commit": views.commit_in_push(call, where, head) if head else None,
    }


def forced(git: GitRepository, change: RefChange) -> bool:
    """Whether the ref was moved to something that does not contain what it was before."""
    if change.before is None or change.after is None:
        return False
    old, new = git.resolve(change.before), git.resolve(change.after)
    return old is None or new is None or not git.is_ancestor(old, new)


def _commits(call: Call, where: Repository, git: GitRepository, change: RefChange) -> list[JSON]:
    """What the push brought to the branch, oldest first."""
    if change.after is None:
        return []
    without = [f"^{change.before}"] if change.before else []
    found = git.log(change.after, *without, limit=MOST_COMMITS_LISTED)
    return [views.commit_in_push(call, where, each.sha) for each in reversed(found)]


def ref_event(call: Call, where: Repository, change: RefChange, sender: User) -> JSON:
    """For `create` and `delete`: they carry the name of the ref and nothing of what it points to."""
    created = {"master_branch": where.default_branch, "description": where.description}
    return {
        "ref": change.short,
        "ref_type": "tag" if change.is_tag else "branch",
        **(created if change.before is None else {}),
        "pusher_type": "user",
        "repository": views.repository(call, where),
        "sender": views.user(call, sender.login),
    }


def announce_comment(call: Call, where: Repository, pull: Pull, comment: Comment) -> None:
    told = partial(views.comment, call, where, comment)
    call.forge.dispatcher.tell(
        where, "issue_comment", lambda: _on_comment(call, where, pull, "created", told())
    )


def announce_comment_edited(
    call: Call, where: Repository, pull: Pull, comment: Comment, *, before: str
) -> None:
    """``before``: its text until now."""
    told = partial(views.comment, call, where, comment)
    changes = {"changes": {"body": {"from": before}}}
    call.forge.dispatcher.tell(
        where, "issue_comment", lambda: {**_on_comment(call, where, pull, "edited", told()), **changes}
    )


def announce_comment_deleted(call: Call, where: Repository, pull: Pull, comment: JSON) -> None:
    """``comment`` as it was, since it is gone."""
    call.forge.dispatcher.tell(
        where, "issue_comment", lambda: _on_comment(call, where, pull, "deleted", comment)
    )


def _on_comment(call: Call, where: Repository, pull: Pull, action: str, comment: JSON) -> JSON:
    return {
        "action": action,
        "issue": views.issue(call, where, pull),
        "comment": comment,
        "repository": views.repository(call, where),
        "sender": views.user(call, call.signed_in().login),
    }


def announce_commit_comment(call: Call, where: Repository, comment: Comment) -> None:
    call.forge.dispatcher.tell(
        where,
        "commit_comment",
        lambda: {
            "action": "created",
            "comment": views.comment(call, where, comment),
            "repository": views.repository(call, where),
            "sender": views.user(call, comment.author),
        },
    )


def announce_pull(
    call: Call, where: Repository, pull: Pull, action: str, sender: User, *, before: str | None = None
) -> None:
    """``before``: the head until now, for `synchronize`."""
    moved = {"before": before, "after": pull.head_sha} if before is not None else {}
    call.forge.dispatcher.tell(
        where,
        "pull_request",
        lambda: {
            "action": action,
            "number": pull.number,
            **moved,
            "pull_request": views.pull(call, where, pull),
            "repository": views.repository(call, where),
            "sender": views.user(call, sender.login),
        },
    )


def ping(call: Call, where: Repository, hook: Hook, sender: User) -> None:
    payload = {
        "zen": "Anything added dilutes everything else.",
        "hook_id": hook.id,
        "hook": views.hook(call, where, hook),
        "repository": views.repository(call, where),
        "sender": views.user(call, sender.login),
    }
    call.forge.dispatcher.tell_hook(hook, "ping", payload, repository_id=where.id)
