"""What a forge told us, already normalised. Only what we act on; everything else is `Ignored`."""

from dataclasses import dataclass

from reprise.domain.forge import Place
from reprise.domain.run import Repository, Sha, Standing


@dataclass(frozen=True, slots=True)
class TagPushed:
    """A tag appeared or moved. ``commit`` is only a hint: the leader resolves the tag again."""

    repository_id: int
    repository: str
    tag: str
    commit: Sha | None
    who: str


@dataclass(frozen=True, slots=True)
class TagDeleted:
    repository_id: int
    repository: str
    tag: str
    who: str


@dataclass(frozen=True, slots=True)
class CommentPosted:
    """A new comment on a pull request or a commit whose text holds a command."""

    repository_id: int
    repository: str
    place: Place
    comment_id: int
    body: str
    who: str


@dataclass(frozen=True, slots=True)
class CheckClicked:
    """Somebody wants a check run of ours to run again, or all of a commit. The leader looks up which."""

    repository_id: int
    repository: str
    run_id: str | None
    """As the check names it: anything, until it is looked up. None: all of this commit."""
    sha: Sha
    who: str


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """Its head has moved or it was closed; only a hint: the leader asks the forge how it stands."""

    repository_id: int
    repository: str
    number: int
    who: str


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """It was renamed, handed over, hidden, shown, archived or deleted."""

    facts: Repository
    """As it is after that."""
    what: str
    """The forge's word for it."""
    who: str

    @property
    def repository(self) -> str:
        return self.facts.full_name


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """An App's installation was made, removed, suspended or restored, or has other repositories now."""

    account: str
    standing: Standing
    """ACTIVE: access is given (back)."""
    repository_ids: tuple[int, ...] | None
    """None = all of the account's."""
    who: str

    @property
    def repository(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class MergeQueued:
    """A merge queue waits for the checks of a commit that it made of several pull requests."""

    repository_id: int
    repository: str
    commit: Sha
    who: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Accepted and recorded, nothing to do. ``why`` is a constant phrase for the log."""

    repository: str | None
    why: str


Event = (
    TagPushed
    | TagDeleted
    | CommentPosted
    | CheckClicked
    | PullRequestChanged
    | RepositoryChanged
    | AccessChanged
    | MergeQueued
    | Ignored
)
