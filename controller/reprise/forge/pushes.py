"""What follows a push: the default branch, the pull requests whose branch moved, and the events."""

from reprise.forge import events
from reprise.forge.access import Call
from reprise.forge.events import RefChange
from reprise.forge.records import Pull, Repository, User
from reprise.forge.repositories import Ref
from reprise.forge.store import now


def after_push(call: Call, where: Repository, before: list[Ref], after: list[Ref], pusher: User) -> None:
    """``before`` and ``after``: all refs around the push."""
    changes = events.ref_changes(before, after)
    if not changes:
        return
    where = call.store.change(Repository, where.id, pushed_at=now())
    where = _choose_default_branch(call, where, after)
    events.announce_push(call, where, changes, pusher)
    for change in changes:
        if change.is_branch:
            _follow_branch(call, where, change, pusher)


def _choose_default_branch(call: Call, where: Repository, refs: list[Ref]) -> Repository:
    """As long as the default branch does not exist, the first pushed one becomes it."""
    branches = [
        ref.name.removeprefix(events.BRANCHES) for ref in refs if ref.name.startswith(events.BRANCHES)
    ]
    if not branches or where.default_branch in branches:
        return where
    chosen = next((name for name in ("main", "master") if name in branches), branches[0])
    call.git(where).set_head(chosen)
    return call.store.change(Repository, where.id, default_branch=chosen)


def _follow_branch(call: Call, head: Repository, change: RefChange, pusher: User) -> None:
    """Move, or close, the open pull requests that come from this branch."""
    for pull in call.store.all(Pull, head_repository_id=head.id, head_ref=change.short, state="open"):
        base = call.store.get(Repository, pull.repository_id)
        if change.after is None:
            close(call, base, pull, pusher)
        else:
            _move(call, base, pull, change.after, pusher, head)


def _move(call: Call, base: Repository, pull: Pull, sha: str, pusher: User, head: Repository) -> None:
    call.git(base).bring(call.git(head), sha)
    call.git(base).update_ref(f"refs/pull/{pull.number}/head", sha)
    moved = call.store.change(Pull, pull.id, head_sha=sha, updated_at=now())
    events.announce_pull(call, base, moved, "synchronize", pusher, before=pull.head_sha)


def close(call: Call, base: Repository, pull: Pull, who: User) -> Pull:
    at = now()
    closed = call.store.change(Pull, pull.id, state="closed", closed_at=at, updated_at=at)
    events.announce_pull(call, base, closed, "closed", who)
    return closed
