"""The Forge port on GitHub's REST API, for github.com, GitHub Enterprise Server and `reprise forge`.

The engine's steps call this from several threads and repeat it freely; see `client` for what makes
that safe. Statuses are the one thing that is not idempotent, so the engine reads them first.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from github import GithubException
from github.GithubObject import NotSet
from github.PullRequest import PullRequest as GithubPullRequest
from github.Repository import Repository as GithubRepository
from pydantic import BaseModel, Field

from reprise.adapters.github import comment_lists, comments, delivery_log, installed, owners
from reprise.adapters.github.app import PER_PAGE, App, AppAccount, Installation, NotInstalled
from reprise.adapters.github.at import At
from reprise.adapters.github.client import Client, UnexpectedReply
from reprise.adapters.github.credentials import Credentials
from reprise.adapters.github.hooks import app_hook, hook
from reprise.adapters.github.kept import Kept
from reprise.adapters.github.names import is_full_name
from reprise.adapters.github.refusal import Answer, Intent
from reprise.domain.check import Check
from reprise.domain.errors import Refused
from reprise.domain.forge import (
    Hook,
    OnCommit,
    Permission,
    Place,
    PostedComment,
    PullRequest,
    Reaction,
    State,
    Status,
)
from reprise.domain.run import Repository, Sha, Standing
from reprise.ports import Attempt, LogPage

MAX_STATUS_PAGES = 10
_ABSENT = (404, 409, 422)
"""No such commit: unknown, in an empty repository, or not even a possible name."""
T = TypeVar("T")
PERMISSIONS = {
    "admin": Permission.ADMIN,
    "maintain": Permission.WRITE,
    "write": Permission.WRITE,
    "triage": Permission.READ,
    "read": Permission.READ,
    "none": Permission.NONE,
}


class GitHubForge:
    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        *,
        timeout: float = 20.0,
        write_spacing: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``timeout`` and ``write_spacing`` in seconds; a loopback forge needs no spacing."""
        self._client = Client(
            api_url, credentials, timeout=timeout, write_spacing=write_spacing, monotonic=monotonic
        )
        self._kept = Kept(self._client)

    def close(self) -> None:
        self._client.close()

    def use(self, credentials: Credentials) -> None:
        """From the next call on."""
        self._client.use(credentials)

    @property
    def is_app(self) -> bool:
        return self._client.account.is_app

    def clone_token(self, full_name: str) -> str | None:
        """For git over HTTPS; asked for at every fetch, because an App's lives for an hour.

        An App's reaches this repository only and reads only; where it is not installed there is none.
        """
        account = self._client.account
        if not is_full_name(full_name) and account.is_app:
            return None
        try:
            return account.read_token(full_name)
        except NotInstalled:
            return None

    # --- reading --------------------------------------------------------------------------------

    def login(self) -> str:
        """Who we are there; asked once."""
        return self._client.account.login()

    def whose(self) -> tuple[App, tuple[Installation, ...]]:
        """Our App and who installed it. Raises Refused when we have only a token."""
        account = self._client.account
        if isinstance(account, AppAccount):
            return account.app(), account.installations()
        raise Refused("no GitHub App is set up: make one at /setup")

    def app_hook(self) -> str | None:
        """Where our App's deliveries go. Raises Refused when we have only a token."""
        intent = Intent("read the webhook of our GitHub App", "the key of the App")
        try:
            return self._client.as_app(intent, app_hook)
        except Answer as answer:
            if answer.status == 404:
                return None
            raise

    def repository(self, full_name: str) -> Repository:
        if not is_full_name(full_name):
            raise Refused(f"{full_name!r} is not the name of a repository: write it as owner/name")
        intent = Intent(f"read {full_name}", "metadata: read")
        return self._client.read(intent, lambda github: _repository(github.get_repo(full_name)), at=full_name)

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        if not is_full_name(f"{owner}/x"):
            raise Refused(f"{owner!r} is not the name of a user or organisation")
        account = self._client.account
        if isinstance(account, AppAccount):
            return installed.of_owner(account, owner)
        intent = Intent(f"list the repositories of {owner}", "metadata: read")
        signed_in = account.token_for("") is not None
        return self._client.read(
            intent, lambda github: owners.repositories(github, owner, signed_in=signed_in)
        )

    def installed(self) -> tuple[Repository, ...]:
        account = self._client.account
        if isinstance(account, AppAccount):
            return installed.everywhere(account)
        return ()

    def commit(self, repository: Repository, ref: str) -> Sha | None:
        if not ref.strip("."):
            return None
        intent = Intent(f"look up the commit {ref} of {repository.full_name}", "contents: read")
        sha = self._read(intent, repository, lambda repo: _commit(repo, ref))
        if sha is None:
            # The same answer as for a repository that we may not see: this raises if it is that.
            self.repository(repository.full_name)
        return sha

    def pull_request(self, repository: Repository, number: int) -> PullRequest:
        intent = Intent(f"read pull request #{number} of {repository.full_name}", "pull requests: read")
        return self._read(intent, repository, lambda repo: _pull_request(repo.get_pull(number)))

    def permission(self, repository: Repository, login: str) -> Permission:
        if not login.strip("."):
            return Permission.NONE
        intent = Intent(f"read what {login} may do in {repository.full_name}", "metadata: read")
        return self._read(intent, repository, lambda repo: _permission(repo, login))

    def statuses(self, repository: Repository, sha: Sha) -> dict[str, Status]:
        intent = Intent(f"read the statuses of {sha} in {repository.full_name}", "commit statuses: read")
        return self._read(intent, repository, lambda repo: _statuses(repo, sha))

    def hooks(self, repository: Repository) -> tuple[Hook, ...]:
        """The first 100. Raises Refused for everybody but the repository's admins."""
        intent = Intent(f"list the webhooks of {repository.full_name}", "webhooks: read")
        return self._read(intent, repository, _hooks)

    def open_pull_requests(self, repository: Repository) -> frozenset[int]:
        intent = Intent(f"list the pull requests of {repository.full_name}", "pull requests: read")
        return self._read(intent, repository, comment_lists.open_pull_requests)

    def comments_since(self, repository: Repository, since: datetime) -> tuple[PostedComment, ...]:
        needs = "issues: read and contents: read"
        intent = Intent(f"list the comments in {repository.full_name}", needs)
        return self._read(intent, repository, lambda repo: comment_lists.since(repo, since))

    def delivery_log(self, page: str | None) -> LogPage | None:
        account = self._client.account
        if not isinstance(account, AppAccount):
            return LogPage((), None)
        intent = Intent("read the App's delivery log", "the key of the App")
        try:
            return self._client.as_app(intent, lambda github: delivery_log.page(github, page))
        except Answer as answer:
            if answer.status != 404:
                raise
            account.app()  # raises when it is the App that does not exist
            return None

    def delivery_payload(self, attempt: Attempt) -> bytes:
        intent = Intent(f"read the delivery {attempt.guid}", "the key of the App")
        return self._client.as_app(intent, lambda github: delivery_log.payload(github, attempt))

    # --- writing --------------------------------------------------------------------------------

    def post_status(self, repository: Repository, sha: Sha, status: Status) -> int:
        intent = Intent(f"post a commit status on {sha} in {repository.full_name}", "commit statuses: write")
        return self._write(intent, repository, lambda repo: _post_status(repo, sha, status))

    def put_comment(
        self, repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None
    ) -> int:
        return self._kept.comment(repository, place, marker=marker, body=body, known_id=known_id)

    def put_check(self, repository: Repository, check: Check, known_id: int | None) -> int | None:
        return self._kept.check(repository, check, known_id) if self.is_app else None

    def react(self, repository: Repository, place: Place, comment_id: int, reaction: Reaction) -> None:
        if self.is_app and isinstance(place, OnCommit):
            return  # it would take write access to the repository's contents, which no App of ours asks for
        intent = comments.reaction_intent(repository, place, comment_id)
        self._write(intent, repository, lambda repo: comments.react(repo, place, comment_id, reaction))

    # --- underneath -----------------------------------------------------------------------------

    def _read(self, intent: Intent, repository: Repository, ask: Callable[[GithubRepository], T]) -> T:
        return At(self._client, repository).read(intent, ask)

    def _write(self, intent: Intent, repository: Repository, ask: Callable[[GithubRepository], T]) -> T:
        return At(self._client, repository).write(intent, ask)


# --- one call each, inside the client's guard -------------------------------------------------------


def _repository(found: GithubRepository) -> Repository:
    found.complete()
    standing = Standing.ARCHIVED if found.archived is True else Standing.ACTIVE
    name, url = _text(found.full_name), _text(found.clone_url)
    return Repository(_number(found.id), name, url, found.private is False, standing)


class _Commit(BaseModel):
    sha: str = Field(pattern="^[0-9a-f]{40}$")


def _commit(repo: GithubRepository, ref: str) -> Sha | None:
    # Not PyGithub's Commit: it brings the diff of up to 300 files and believes the address for its sha.
    try:
        reply = _get(repo, f"/commits/{quote(ref, safe='')}", per_page=1)
    except GithubException as error:
        if error.status in _ABSENT:
            return None
        raise
    return Sha(_Commit.model_validate(reply).sha)


def _pull_request(found: GithubPullRequest) -> PullRequest:
    head, base = found.complete().head, found.base
    return PullRequest(
        number=_number(found.number),
        head_sha=Sha(_text(head.sha)),
        head_repository_id=_number(head.repo.id) if head.repo else None,
        base_repository_id=_number(base.repo.id),
        open=found.state == "open",
    )


class _Collaborator(BaseModel):
    permission: str


def _permission(repo: GithubRepository, login: str) -> Permission:
    """NONE for strangers and for whatever GitHub may call a role one day."""
    try:
        reply = _get(repo, f"/collaborators/{quote(login, safe='')}/permission")
    except GithubException as error:
        if error.status == 404:
            return Permission.NONE
        raise
    return PERMISSIONS.get(_Collaborator.model_validate(reply).permission, Permission.NONE)


class _Entry(BaseModel):
    id: int
    context: str
    state: State
    description: str | None = None
    target_url: str | None = None


class _CombinedStatus(BaseModel):
    statuses: list[_Entry]


def _statuses(repo: GithubRepository, sha: Sha) -> dict[str, Status]:
    """GitHub's combined status: the newest of each context, whose case it ignores."""
    newest: dict[str, Status] = {}
    for page in range(1, MAX_STATUS_PAGES + 1):
        reply = _get(repo, f"/commits/{sha}/status", per_page=PER_PAGE, page=page)
        entries = _CombinedStatus.model_validate(reply).statuses
        for entry in entries:
            newest.setdefault(entry.context.lower(), _status(entry))
        if len(entries) < PER_PAGE:
            break
    return {status.context: status for status in newest.values()}


def _status(entry: _Entry) -> Status:
    return Status(entry.context, entry.state, entry.description or "", entry.target_url or None, entry.id)


def _post_status(repo: GithubRepository, sha: Sha, status: Status) -> int:
    posted = repo.get_commit(sha).create_status(
        status.state.value,
        target_url=NotSet if status.target_url is None else status.target_url,
        description=status.description,
        context=status.context,
    )
    return _number(posted.id)


def _get(repo: GithubRepository, path: str, **query: int) -> Any:
    """For what PyGithub has no fitting call."""
    _, reply = repo.requester.requestJsonAndCheck("GET", repo.url + path, parameters=query)
    return reply


def _hooks(repo: GithubRepository) -> tuple[Hook, ...]:
    return tuple(hook(each) for each in _get(repo, "/hooks", per_page=PER_PAGE))


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise UnexpectedReply("an id is missing")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UnexpectedReply("a name is missing")
    return value
