"""The conversation with a GitHub-like service."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reprise.domain.check import Check
from reprise.domain.forge import Permission, Place, PostedComment, PullRequest, Reaction, Status
from reprise.domain.run import (
    Repository,
    Sha,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of the forge to deliver something to our webhook."""

    id: int
    guid: str
    """Of the delivery: every further attempt has the same."""
    event: str
    at: datetime
    ok: bool
    """Whether it was answered with success."""


@dataclass(frozen=True, slots=True)
class LogPage:
    attempts: tuple[Attempt, ...]
    """Newest first."""
    next: str | None
    """Where it goes on with older ones; None = nowhere."""


class Forge(Protocol):
    """The conversation with a GitHub-like service. Writes are safe to repeat unless said."""

    def repository(self, full_name: str) -> Repository:
        """Raises Refused when it does not exist or we may not see it."""
        ...

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        """What this user or organisation has and we may see, the 1,000 that were pushed to last.

        Raises Refused when there is no such owner.
        """
        ...

    def installed(self) -> tuple[Repository, ...]:
        """What our GitHub App was given, of all its owners; nothing when we have only a token."""
        ...

    def commit(self, repository: Repository, ref: str) -> Sha | None:
        """Full sha of a short sha, tag or branch; None when there is none."""
        ...

    def pull_request(self, repository: Repository, number: int) -> PullRequest: ...

    def permission(self, repository: Repository, login: str) -> Permission: ...

    def open_pull_requests(self, repository: Repository) -> frozenset[int]:
        """Numbers of the 1,000 newest that are open."""
        ...

    def comments_since(self, repository: Repository, since: datetime) -> tuple[PostedComment, ...]:
        """Written or changed at or after ``since``, in conversations and on commits, oldest change first.

        At most about 1,000 of conversations: whoever wants the rest asks again from the last one's change.
        An edited comment on a commit may be missing. The same ``since`` makes the same requests.
        """
        ...

    def statuses(self, repository: Repository, sha: Sha) -> dict[str, Status]:
        """The latest status of each context on a commit."""
        ...

    def delivery_log(self, page: str | None) -> LogPage | None:
        """What the forge tried to tell our App, from this page on; None = the newest. Empty for a token.

        None when the App has no webhook: then the forge keeps no log.
        """
        ...

    def delivery_payload(self, attempt: Attempt) -> bytes:
        """What was to be delivered, as JSON. Raises Refused when the forge has it no more."""
        ...

    def post_status(self, repository: Repository, sha: Sha, status: Status) -> int:
        """Appends one; returns its id. Not idempotent: look at `statuses` first."""
        ...

    def put_comment(
        self, repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None
    ) -> int:
        """Create or edit our one comment that carries ``marker`` at this place; returns its id.

        Finds it by ``known_id``, else among our own comments by the hidden marker; edits only
        when the body differs. ``body`` already contains the marker.
        """
        ...

    def put_check(self, repository: Repository, check: Check, known_id: int | None) -> int | None:
        """Create or update the check run of ``check.run_id``; its id, None when only an App could.

        Finds it by ``known_id``, else among those of its name on the commit by the run's id. Annotations are
        sent once, whatever becomes of the answer. Raises Refused when the App may not write checks there.
        """
        ...

    def react(self, repository: Repository, place: Place, comment_id: int, reaction: Reaction) -> None:
        """To a comment at this place; the same reaction twice is one. An App adds none on a commit."""
        ...
