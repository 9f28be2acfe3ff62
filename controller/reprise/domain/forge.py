"""Words for what stands on a forge: statuses, comments, pull requests. No GitHub names here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reprise.domain.run import Sha


class State(Enum):
    """Of a commit status."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Status:
    context: str
    state: State
    description: str
    """At most 140 characters."""
    target_url: str | None
    id: int | None = field(default=None, compare=False)
    """The forge's number of one that stands there; two that say the same are equal."""


class Permission(Enum):
    """What somebody may do with a repository, weakest first."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    @property
    def may_write(self) -> bool:
        return self in (Permission.WRITE, Permission.ADMIN)

    def covers(self, other: "Permission") -> bool:
        """Whether this is at least as much."""
        order = list(Permission)
        return order.index(self) >= order.index(other)


class Reaction(Enum):
    EYES = "eyes"
    ROCKET = "rocket"
    CONFUSED = "confused"
    THUMBS_UP = "+1"


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    head_sha: Sha
    head_repository_id: int | None
    """None when the fork was deleted."""
    base_repository_id: int
    open: bool

    @property
    def from_fork(self) -> bool:
        return self.head_repository_id != self.base_repository_id


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook of one repository."""

    url: str
    events: frozenset[str]
    """By the forge's names; ``*`` is all."""
    active: bool = True
    json: bool = True
    """Whether it sends JSON, which is all that is understood here."""
    last_answer: int | None = None
    """The HTTP status that its last delivery got; None when there was none, or no answer."""


@dataclass(frozen=True, slots=True)
class OnPullRequest:
    number: int


@dataclass(frozen=True, slots=True)
class OnCommit:
    sha: Sha


Place = OnPullRequest | OnCommit
"""Where a comment stands."""


@dataclass(frozen=True, slots=True)
class PostedComment:
    """Somebody's comment, as a look at the forge finds it. Times are the forge's, in whole seconds."""

    id: int
    place: Place
    """A conversation may be that of an issue, which is no pull request."""
    author: str | None
    """None when the account is gone."""
    by_bot: bool
    body: str
    created_at: datetime
    updated_at: datetime
    """Later than ``created_at`` when it was edited."""
