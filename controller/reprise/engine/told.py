"""What is kept of a delivery: the same rows whether the webhook got it or the forge's log was read."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from reprise.domain.event import (
    AccessChanged,
    CheckClicked,
    CommentPosted,
    Event,
    Ignored,
    MergeQueued,
    PullRequestChanged,
    RepositoryChanged,
    TagDeleted,
    TagPushed,
)
from reprise.store.codec import dump
from reprise.store.intake import (
    CHANGE,
    CHECK,
    EVERY,
    LIFE,
    QUEUE,
    TAG,
    Delivery,
    NewTrigger,
    comment_trigger,
)

EVERYWHERE = 0
"""In place of a repository's number, for what is about an account."""

Asking = TagPushed | TagDeleted | CommentPosted | CheckClicked | PullRequestChanged | MergeQueued
"""What concerns us only in a repository that is watched."""


def delivery_of(
    guid: str,
    name: str,
    body: bytes,
    event: Event,
    *,
    watches: Callable[[int, str], bool],
    received_at: datetime,
) -> Delivery:
    """``watches``: whether the repository of this number, called so now, concerns us."""
    trigger, outcome = _trigger(event, watches)
    return Delivery(guid, name, received_at, outcome, body, trigger)


def _trigger(event: Event, watches: Callable[[int, str], bool]) -> tuple[NewTrigger | None, str]:
    match event:
        case Ignored(_, why):
            return None, f"ignored: {why}"
        case RepositoryChanged(facts, what, who):
            # Also where its new name is not watched: then its old one may be.
            return _change(event, facts.id, facts.full_name, what, who), f"repository {what}"
        case AccessChanged(account, standing, _, who):
            what = f"access {standing.value}"
            return _change(event, EVERYWHERE, account, what, who), f"{what} at {account}"
        case _ if not watches(event.repository_id, event.repository):
            return None, "ignored: repository is not watched"
        case _:
            return _wanted(event)


def _change(
    event: RepositoryChanged | AccessChanged, number: int, name: str, what: str, who: str
) -> NewTrigger:
    return NewTrigger(LIFE, number, name, what, who, body=json.dumps(dump(event)))


def _wanted(event: Asking) -> tuple[NewTrigger, str]:
    where = event.repository_id, event.repository
    match event:
        case TagPushed():
            return NewTrigger(TAG, *where, event.tag, event.who), f"tag {event.tag}"
        case TagDeleted():
            return NewTrigger(TAG, *where, event.tag, event.who), f"tag {event.tag} was deleted"
        case CommentPosted(_, _, place, comment_id, body, who):
            new = comment_trigger(*where, place, comment_id=comment_id, body=body, who=who)
            return new, f"command on {new.ref}"
        case CheckClicked(_, _, run_id, sha, who):
            ref = run_id or EVERY
            return NewTrigger(CHECK, *where, ref, who, commit=sha), f"click on {ref} at {sha[:7]}"
        case PullRequestChanged(_, _, number, who):
            return NewTrigger(CHANGE, *where, f"#{number}", who, number), f"pull request #{number} changed"
        case MergeQueued(_, _, sha, who):
            return NewTrigger(QUEUE, *where, sha[:7], who, commit=sha), f"merge queue at {sha[:7]}"
        case _:
            assert_never(event)
