"""What the forge remembers, one frozen record per row of `store`. Times are text as GitHub writes them."""

import json
from dataclasses import dataclass
from enum import Enum

from reprise.domain.forge import Permission


@dataclass(frozen=True, slots=True)
class User:
    id: int
    login: str
    name: str
    email: str
    kind: str = "User"
    """User, Organization, or Bot: what an App writes as."""


@dataclass(frozen=True, slots=True)
class Repository:
    id: int
    owner: str
    name: str
    description: str | None
    private: bool
    default_branch: str
    fork_of: int | None
    created_at: str
    pushed_at: str
    archived: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class OldName:
    """Where a repository was before it was renamed or transferred."""

    id: int
    owner: str
    name: str
    repository_id: int


@dataclass(frozen=True, slots=True)
class Status:
    id: int
    repository_id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Comment:
    """On a commit (``sha``) or in a pull request's conversation (``number``), never both."""

    id: int
    repository_id: int
    sha: str | None
    number: int | None
    author: str
    body: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Reaction:
    id: int
    comment_id: int
    author: str
    content: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request. ``head_repository_id`` differs from ``repository_id`` when it comes from a fork."""

    id: int
    repository_id: int
    number: int
    title: str
    body: str | None
    author: str
    base_ref: str
    base_sha: str
    head_repository_id: int
    head_ref: str
    head_sha: str
    state: str
    created_at: str
    updated_at: str
    closed_at: str | None


@dataclass(frozen=True, slots=True)
class Hook:
    """Of a repository or of an App, never both."""

    id: int
    repository_id: int | None
    app_id: int | None
    url: str
    secret: str
    events: str
    """Comma list; ``*`` is everything."""
    active: bool
    created_at: str

    def wants(self, event: str) -> bool:
        return self.active and bool({event, "*"} & set(self.events.split(",")))


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    hook_id: int
    guid: str
    event: str
    action: str | None
    redelivery: bool
    payload: str
    created_at: str
    delivered_at: str | None
    """None while it waits for its turn."""
    code: int
    """Of the answer; 0 when there was none."""
    answer: str
    """What the receiver said, or why it said nothing."""
    seconds: float
    repository_id: int | None
    installation_id: int | None
    headers: str | None
    """As they were sent, as JSON; None while it waits."""
    answer_headers: str | None
    """None when there was no answer."""

    @property
    def pending(self) -> bool:
        return self.delivered_at is None

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App. Its private key was shown once; only the public one is kept."""

    id: int
    slug: str
    name: str
    owner: str
    description: str | None
    url: str
    public: bool
    client_id: str
    public_key: str
    permissions: str
    """JSON: from the name of a permission to read or write."""
    events: str
    """Comma list, may be empty."""
    setup_url: str | None
    created_at: str

    @property
    def bot(self) -> str:
        return f"{self.slug}[bot]"

    @property
    def grants(self) -> dict[str, str]:
        granted: dict[str, str] = json.loads(self.permissions)
        return granted


@dataclass(frozen=True, slots=True)
class ManifestCode:
    """Brings the maker of an App its secrets, once."""

    id: int
    sha256: str
    app_id: int
    secrets: str
    """JSON until they were handed out, then empty."""
    expires_at: str


@dataclass(frozen=True, slots=True)
class Installation:
    """An App on an account: with what it was granted when it was installed."""

    id: int
    app_id: int
    account: str
    selection: str
    """all | selected"""
    permissions: str
    events: str
    created_at: str
    updated_at: str
    suspended_at: str | None
    suspended_by: str | None
    deleted_at: str | None

    @property
    def at_work(self) -> bool:
        return self.deleted_at is None and self.suspended_at is None

    @property
    def grants(self) -> dict[str, str]:
        granted: dict[str, str] = json.loads(self.permissions)
        return granted


@dataclass(frozen=True, slots=True)
class SelectedRepository:
    id: int
    installation_id: int
    repository_id: int
    removed_at: str | None


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """What one token may do: never more than its installation. Kept as a digest."""

    id: int
    sha256: str
    installation_id: int
    permissions: str
    repository_ids: str | None
    """JSON list; None: every repository of the installation."""
    expires_at: str

    @property
    def grants(self) -> dict[str, str]:
        granted: dict[str, str] = json.loads(self.permissions)
        return granted


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's browser, signed in on the pages."""

    id: int
    sha256: str
    user_id: int
    expires_at: str
    once: bool
    """Not yet signed in: a key that can be used once to do so."""


class ReactionContent(Enum):
    PLUS_ONE = "+1"
    MINUS_ONE = "-1"
    LAUGH = "laugh"
    CONFUSED = "confused"
    HEART = "heart"
    HOORAY = "hooray"
    ROCKET = "rocket"
    EYES = "eyes"


ROLE_RANK: dict[Permission, int] = {role: rank for rank, role in enumerate(Permission)}


def at_least(has: Permission, needed: Permission) -> bool:
    return ROLE_RANK[has] >= ROLE_RANK[needed]
