"""What GitHub sends: is it genuine, and what does it say? Pure; the web layer asks both.

The models name the few fields that we use and ignore all others, because a field that GitHub adds,
drops or bends must not lose a reproduction: a delivery that does not fit is `Ignored` with the
reason, stored like any other, and the sweep finds its tag.
"""

import hashlib
import hmac
import re
from collections.abc import Callable

from pydantic import BaseModel, ValidationError

from reprise.adapters.github.changes import CHANGES
from reprise.adapters.github.clicks import CLICKS
from reprise.adapters.github.fields import Account, FullSha, Name, Number, Repository, Text
from reprise.domain import command
from reprise.domain.errors import UserError
from reprise.domain.event import (
    CommentPosted,
    Event,
    Ignored,
    PullRequestChanged,
    TagDeleted,
    TagPushed,
)
from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.run import Sha

_TAGS = "refs/tags/"
_FULL_SHA = re.compile(r"[0-9a-f]{40}")


def verify_signature(secret: bytes, body: bytes, header: str | bytes | None) -> bool:
    """Whether ``X-Hub-Signature-256`` is this body's HMAC-SHA256. Never raises, whatever the header holds.

    Without a secret nothing is genuine.
    """
    if header is None or not secret:
        return False
    given = header if isinstance(header, bytes) else header.encode("utf-8", "replace")
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given)


def parse_delivery(event_name: str, body: bytes) -> Event:
    """What the delivery means to us. ``event_name`` is the header ``X-GitHub-Event``.

    Raises UserError when the body is not a JSON object: then it is not GitHub's.
    """
    read = READERS.get(event_name)
    if read is None:
        return Ignored(_repository_name(body), "event not used")
    try:
        return read(body)
    except ValidationError:
        return Ignored(_repository_name(body), "fields not understood")


# --- the fields that we use ------------------------------------------------------------------------


class _Commit(BaseModel):
    id: str


class _Pusher(BaseModel):
    name: Name = "unknown"


class _Push(BaseModel):
    ref: Name
    deleted: bool = False
    head_commit: _Commit | None = None
    repository: Repository
    sender: Account | None = None
    pusher: _Pusher = _Pusher()

    @property
    def who(self) -> str:
        return self.sender.login if self.sender else self.pusher.name


class _Ref(BaseModel):
    """A ``create`` or ``delete`` event: only the name of the ref, no commit."""

    ref: Name
    ref_type: str
    repository: Repository
    sender: Account


class _Issue(BaseModel):
    number: Number
    state: str
    pull_request: dict[str, object] | None = None
    """Present when the issue is a pull request."""


class _PullRequest(BaseModel):
    action: str
    number: Number
    repository: Repository
    sender: Account


class _Comment(BaseModel):
    id: Number
    body: Text | None = None
    user: Account | None = None


class _IssueComment(BaseModel):
    action: str
    issue: _Issue
    comment: _Comment
    repository: Repository
    sender: Account


class _OnCommit(_Comment):
    commit_id: FullSha


class _CommitComment(BaseModel):
    action: str
    comment: _OnCommit
    repository: Repository
    sender: Account


class _Named(BaseModel):
    full_name: Name


class _Anything(BaseModel):
    repository: _Named | None = None


# --- one reader for each event -----------------------------------------------------------------------


def _read_push(body: bytes) -> Event:
    push = _Push.model_validate_json(body)
    repository = push.repository
    if not push.ref.startswith(_TAGS):
        return Ignored(repository.full_name, "branch push")
    tag = push.ref.removeprefix(_TAGS)
    if push.deleted:
        return TagDeleted(repository.id, repository.full_name, tag, push.who)
    return TagPushed(repository.id, repository.full_name, tag, _commit(push.head_commit), push.who)


def _commit(head: _Commit | None) -> Sha | None:
    """Never ``after``: for an annotated tag that is the tag object, on which no status can stand."""
    return Sha(head.id) if head is not None and _FULL_SHA.fullmatch(head.id) else None


def _read_create(body: bytes) -> Event:
    ref = _Ref.model_validate_json(body)
    if ref.ref_type != "tag":
        return Ignored(ref.repository.full_name, "branch created")
    return TagPushed(ref.repository.id, ref.repository.full_name, ref.ref, None, ref.sender.login)


def _read_delete(body: bytes) -> Event:
    ref = _Ref.model_validate_json(body)
    if ref.ref_type != "tag":
        return Ignored(ref.repository.full_name, "branch deleted")
    return TagDeleted(ref.repository.id, ref.repository.full_name, ref.ref, ref.sender.login)


def _read_issue_comment(body: bytes) -> Event:
    event = _IssueComment.model_validate_json(body)
    return _comment(event, OnPullRequest(event.issue.number), _no_conversation(event))


def _read_commit_comment(body: bytes) -> Event:
    event = _CommitComment.model_validate_json(body)
    return _comment(event, OnCommit(Sha(event.comment.commit_id)), None)


def _comment(event: _IssueComment | _CommitComment, place: Place, wrong_place: str | None) -> Event:
    repository = event.repository
    if why := _not_new(event) or wrong_place or _not_said(event):
        return Ignored(repository.full_name, why)
    text = event.comment.body or ""
    return CommentPosted(
        repository.id, repository.full_name, place, event.comment.id, text, event.sender.login
    )


def _not_new(event: _IssueComment | _CommitComment) -> str | None:
    return "comment edited or deleted" if event.action != "created" else None


def _no_conversation(event: _IssueComment) -> str | None:
    """Why this cannot be asked for there; None when it can."""
    if event.issue.pull_request is None:
        return "comment on an issue"
    if event.issue.state == "open" or command.works_when_closed(command.parse(event.comment.body or "")):
        return None
    return "comment on a closed pull request"


def _not_said(event: _IssueComment | _CommitComment) -> str | None:
    """Why this comment is nothing to act on; None when it is."""
    authors = [event.sender, *([event.comment.user] if event.comment.user else [])]
    if any(author.type == "Bot" or author.login.endswith("[bot]") for author in authors):
        return "comment by a bot"
    return "comment without a command" if command.parse(event.comment.body or "") is None else None


def _read_ping(body: bytes) -> Event:
    return Ignored(_repository_name(body), "ping")


def _read_pull_request(body: bytes) -> Event:
    """A new head or an end voids plans; nothing that happens to a pull request starts a run."""
    event = _PullRequest.model_validate_json(body)
    repository = event.repository
    if event.action not in ("synchronize", "closed"):
        return Ignored(repository.full_name, "pull request")
    return PullRequestChanged(repository.id, repository.full_name, event.number, event.sender.login)


READERS: dict[str, Callable[[bytes], Event]] = {
    "push": _read_push,
    "create": _read_create,
    "delete": _read_delete,
    "issue_comment": _read_issue_comment,
    "commit_comment": _read_commit_comment,
    **CHANGES,
    **CLICKS,
    "pull_request": _read_pull_request,
    "ping": _read_ping,
}


def _repository_name(body: bytes) -> str | None:
    try:
        named = _Anything.model_validate_json(body)
    except ValidationError as error:
        if any(problem["type"] == "json_invalid" or not problem["loc"] for problem in error.errors()):
            raise UserError("the delivery's body is not a JSON object") from None
        return None
    return named.repository.full_name if named.repository else None
