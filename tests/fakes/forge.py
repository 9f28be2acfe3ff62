"""A forge in memory that keeps state and refuses what GitHub refuses; runs the port's contract suite.

Arrange with `add_…` and `set_permission`, script failures with `fail`, look at `statuses_on`,
`comments_at` and `reactions_to`.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reprise.domain.check import MAX_ANNOTATIONS, MAX_SUMMARY, MAX_TITLE, Annotation, Check, CheckState
from reprise.domain.errors import Refused, RepriseError
from reprise.domain.forge import (
    OnCommit,
    OnPullRequest,
    Permission,
    Place,
    PostedComment,
    PullRequest,
    Reaction,
    Status,
)
from reprise.domain.run import Repository, Sha, Standing
from reprise.domain.standing import LOST, why_left_alone
from reprise.ports import Attempt, LogPage

OWN_LOGIN = "reprise-bot"
FIRST = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Comment:
    id: int
    place: Place
    author: str
    body: str
    edits: int = 0
    created_at: datetime = FIRST
    updated_at: datetime = FIRST
    by_bot: bool = False


@dataclass(frozen=True)
class Failure:
    error: RepriseError
    after_effect: bool


@dataclass(frozen=True)
class CheckRun:
    id: int
    check: Check
    """As it was written last."""
    annotations: tuple[Annotation, ...]
    """Of all writes."""
    written: int = 1


class FakeForge:
    def __init__(self, now: Callable[[], datetime] = lambda: FIRST) -> None:
        """``now``: the forge's own clock, by which comments are dated."""
        self._now = now
        self.is_app = False
        self.app_has_hook = True
        """Whether check runs may be written."""
        self._lock = threading.RLock()
        self._last_id = 100
        self._repositories: dict[str, Repository] = {}
        self._commits: dict[tuple[int, str], Sha] = {}
        self._pulls: dict[tuple[int, int], PullRequest] = {}
        self._permissions: dict[tuple[int, str], Permission] = {}
        self._people = {OWN_LOGIN}
        self._installed: set[str] = set()
        self._statuses: dict[tuple[int, Sha], list[Status]] = defaultdict(list)
        self._comments: dict[tuple[int, int], Comment] = {}
        self._reactions: dict[tuple[int, int], list[Reaction]] = defaultdict(list)
        self._checks: dict[tuple[int, int], CheckRun] = {}
        self._failures: dict[str, list[Failure]] = defaultdict(list)
        self.calls: list[str] = []
        """Names of the port's methods in the order in which they were called."""
        self._attempts: list[Attempt] = []
        self._payloads: dict[str, bytes] = {}
        self.log_page = 100
        """Attempts on a page of the delivery log."""
        self.since: list[datetime] = []
        """What `comments_since` was asked with."""

    # --- arranging ------------------------------------------------------------------------------

    def add_repository(
        self,
        full_name: str = "ada/wine",
        *,
        id: int | None = None,
        clone_url: str | None = None,
        public: bool = True,
    ) -> Repository:
        with self._lock:
            url = clone_url or f"https://forge.test/{full_name}.git"
            made = Repository(id or self._next_id(), full_name, url, public)
            self._repositories[full_name.lower()] = made
            return made

    def install(self, repository: Repository) -> None:
        """Our App is given it."""
        with self._lock:
            self._installed.add(repository.full_name.lower())

    def change_repository(
        self,
        repository: Repository,
        *,
        full_name: str | None = None,
        public: bool | None = None,
        archived: bool | None = None,
    ) -> Repository:
        """Under a new name it is still found by its old ones, until another repository takes them."""
        with self._lock:
            old = self._known(repository)
            standing = old.standing
            if archived is not None:
                standing = Standing.ARCHIVED if archived else Standing.ACTIVE
            name = full_name or old.full_name
            made = Repository(
                old.id,
                name,
                old.clone_url if full_name is None else f"https://forge.test/{name}.git",
                old.public if public is None else public,
                standing,
            )
            for key in [key for key, each in self._repositories.items() if each.id == old.id]:
                self._repositories[key] = made
            self._repositories[name.lower()] = made
            return made

    def delete_repository(self, repository: Repository) -> None:
        with self._lock:
            for key in [key for key, each in self._repositories.items() if each.id == repository.id]:
                del self._repositories[key]

    def add_commit(self, repository: Repository, sha: str, *refs: str) -> Sha:
        """``refs``: the tags and branches that mean this commit from now on."""
        with self._lock:
            for name in (sha, *refs):
                self._commits[repository.id, name] = Sha(sha)
            return Sha(sha)

    def add_pull_request(
        self,
        repository: Repository,
        number: int,
        head_sha: str,
        *,
        head_repository_id: int | None = None,
        open: bool = True,
    ) -> PullRequest:
        """From a branch of the same repository unless ``head_repository_id`` says otherwise."""
        head = repository.id if head_repository_id is None else head_repository_id
        made = PullRequest(number, self.add_commit(repository, head_sha), head, repository.id, open)
        with self._lock:
            self._pulls[repository.id, number] = made
            return made

    def change_pull_request(self, repository: Repository, number: int, *, open: bool) -> None:
        with self._lock:
            key = repository.id, number
            self._pulls[key] = replace(self._pulls[key], open=open)

    def delete_fork(self, repository: Repository, number: int) -> None:
        """The repository that a pull request comes from is gone."""
        with self._lock:
            key = repository.id, number
            self._pulls[key] = replace(self._pulls[key], head_repository_id=None)

    def set_permission(self, repository: Repository, login: str, permission: Permission) -> None:
        with self._lock:
            self._permissions[repository.id, login.lower()] = permission
            self._people.add(login.lower())

    def add_comment(
        self, repository: Repository, place: Place, body: str, *, who: str, by_bot: bool = False
    ) -> int:
        with self._lock:
            at = self._now().replace(microsecond=0)
            comment = Comment(self._next_id(), place, who, body, created_at=at, updated_at=at, by_bot=by_bot)
            self._comments[repository.id, comment.id] = comment
            return comment.id

    def edit_comment(self, repository: Repository, comment_id: int, body: str) -> None:
        with self._lock:
            old = self._comments[repository.id, comment_id]
            at = self._now().replace(microsecond=0)
            self._comments[repository.id, comment_id] = replace(
                old, body=body, edits=old.edits + 1, updated_at=at
            )

    def attempt(self, guid: str, event: str, payload: bytes, *, ok: bool) -> None:
        """The forge tried to tell our App."""
        with self._lock:
            self._attempts.append(Attempt(self._next_id(), guid, event, self._now(), ok))
            self._payloads[guid] = payload

    def remove_comment(self, repository: Repository, comment_id: int) -> None:
        with self._lock:
            del self._comments[repository.id, comment_id]

    def fail(self, method: str, *errors: RepriseError, after_effect: bool = False) -> None:
        """The next calls of this method raise these, one each; ``after_effect``: when it is done."""
        assert hasattr(self, method), f"the forge has no {method}"
        with self._lock:
            self._failures[method] += [Failure(error, after_effect) for error in errors]

    # --- looking --------------------------------------------------------------------------------

    def statuses_on(self, repository: Repository, sha: str) -> list[Status]:
        """Every status ever posted there, oldest first."""
        with self._lock:
            return list(self._statuses[repository.id, Sha(sha)])

    def comments_at(self, repository: Repository, place: Place) -> list[Comment]:
        with self._lock:
            found = [
                c for (repo, _), c in self._comments.items() if repo == repository.id and c.place == place
            ]
            return sorted(found, key=lambda comment: comment.id)

    def reactions_to(self, repository: Repository, comment_id: int) -> list[Reaction]:
        with self._lock:
            return list(self._reactions[repository.id, comment_id])

    def checks_on(self, repository: Repository, sha: str) -> list[CheckRun]:
        """Oldest first."""
        with self._lock:
            here = [run for (repo, _), run in self._checks.items() if repo == repository.id]
            return sorted((run for run in here if run.check.sha == sha), key=lambda run: run.id)

    def remove_check(self, repository: Repository, check_id: int) -> None:
        """As when the repository is made anew."""
        with self._lock:
            del self._checks[repository.id, check_id]

    # --- the port -------------------------------------------------------------------------------

    def repository(self, full_name: str) -> Repository:
        with self._call("repository"):
            found = self._repositories.get(full_name.lower())
            if found is None:
                raise Refused(f"{full_name} does not exist, or the token may not see it")
            return found

    def repositories(self, owner: str) -> tuple[Repository, ...]:
        with self._call("repositories"):
            every = {each.id: each for each in self._repositories.values()}.values()
            found = [each for each in every if each.full_name.lower().startswith(f"{owner.lower()}/")]
            if not found and owner.lower() not in self._people:
                raise Refused(f"there is no {owner}")
            return tuple(found)

    def installed(self) -> tuple[Repository, ...]:
        with self._call("installed"):
            return tuple(self._repositories[name] for name in sorted(self._installed))

    def commit(self, repository: Repository, ref: str) -> Sha | None:
        with self._call("commit"):
            known = self._known(repository)
            if (known.id, ref) in self._commits:
                return self._commits[known.id, ref]
            shas = {sha for (repo, _), sha in self._commits.items() if repo == known.id}
            matching = [sha for sha in shas if len(ref) >= 7 and sha.startswith(ref.lower())]
            return matching[0] if len(matching) == 1 else None

    def pull_request(self, repository: Repository, number: int) -> PullRequest:
        with self._call("pull_request"):
            found = self._pulls.get((self._known(repository).id, number))
            if found is None:
                raise Refused(f"there is no pull request #{number} in {repository.full_name}")
            return found

    def permission(self, repository: Repository, login: str) -> Permission:
        with self._call("permission"):
            return self._permissions.get((self._known(repository).id, login.lower()), Permission.NONE)

    def open_pull_requests(self, repository: Repository) -> frozenset[int]:
        with self._call("open_pull_requests"):
            known = self._known(repository).id
            return frozenset(n for (repo, n), pull in self._pulls.items() if repo == known and pull.open)

    def comments_since(self, repository: Repository, since: datetime) -> tuple[PostedComment, ...]:
        with self._call("comments_since"):
            self.since.append(since)
            known = self._known(repository).id
            found = [c for (repo, _), c in self._comments.items() if repo == known]
            posted = [
                PostedComment(c.id, c.place, c.author, c.by_bot, c.body, c.created_at, c.updated_at)
                for c in found
                if c.updated_at >= since
            ]
            return tuple(sorted(posted, key=lambda each: (each.updated_at, each.id)))

    def delivery_log(self, page: str | None) -> LogPage | None:
        if not self.is_app:
            return LogPage((), None)
        with self._call("delivery_log"):
            if not self.app_has_hook:
                return None
            newest_first = sorted(self._attempts, key=lambda each: each.id, reverse=True)
            older = [each for each in newest_first if page is None or each.id < int(page)]
            shown = older[: self.log_page]
            more = len(older) > self.log_page
            return LogPage(tuple(shown), str(shown[-1].id) if more else None)

    def delivery_payload(self, attempt: Attempt) -> bytes:
        with self._call("delivery_payload"):
            if attempt.guid not in self._payloads:
                raise Refused(f"there is no delivery {attempt.guid}")
            return self._payloads[attempt.guid]

    def statuses(self, repository: Repository, sha: Sha) -> dict[str, Status]:
        with self._call("statuses"):
            self._require_commit(repository, sha)
            newest = {status.context.lower(): status for status in self._statuses[repository.id, sha]}
            return {status.context: status for status in newest.values()}

    def post_status(self, repository: Repository, sha: Sha, status: Status) -> int:
        with self._call("post_status"):
            self._require_commit(repository, sha, writing=True)
            if len(status.description) > 140:
                raise Refused("a status description is longer than 140 characters")
            posted = self._next_id()
            self._statuses[repository.id, sha].append(replace(status, id=posted))
            return posted

    def put_comment(
        self, repository: Repository, place: Place, *, marker: str, body: str, known_id: int | None
    ) -> int:
        with self._call("put_comment"):
            self._known(repository, writing=True)
            self._require_place(repository, place)
            if not body.strip() or len(body) > 65_536:
                raise Refused("a comment is empty or longer than 65,536 characters")
            found = self._find(repository, place, marker, known_id)
            if found is None:
                return self.add_comment(repository, place, body, who=OWN_LOGIN)
            if found.body != body:
                self.edit_comment(repository, found.id, body)
            return found.id

    def put_check(self, repository: Repository, check: Check, known_id: int | None) -> int | None:
        if not self.is_app:
            return None
        with self._call("put_check"):
            self._require_commit(repository, check.sha, writing=True)
            _require_possible(check)
            found = self._find_check(repository, check, known_id)
            if found is None:
                made = CheckRun(self._next_id(), check, check.annotations)
            else:
                annotations = found.annotations or check.annotations
                made = CheckRun(found.id, check, annotations, found.written + 1)
            self._checks[repository.id, made.id] = made
            return made.id

    def react(self, repository: Repository, place: Place, comment_id: int, reaction: Reaction) -> None:
        with self._call("react"):
            comment = self._comments.get((self._known(repository, writing=True).id, comment_id))
            if comment is None or type(comment.place) is not type(place):
                raise Refused(f"there is no comment {comment_id} of this kind in {repository.full_name}")
            if self.is_app and isinstance(place, OnCommit):
                return
            given = self._reactions[repository.id, comment_id]
            if reaction not in given:
                given.append(reaction)

    # --- underneath -----------------------------------------------------------------------------

    @contextmanager
    def _call(self, method: str) -> Iterator[None]:
        with self._lock:
            self.calls.append(method)
            waiting = self._failures[method]
            failure = waiting.pop(0) if waiting else None
            if failure is not None and not failure.after_effect:
                raise failure.error
            yield
            if failure is not None:
                raise failure.error

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _known(self, repository: Repository, *, writing: bool = False) -> Repository:
        why = why_left_alone(repository)
        if why is not None and (writing or repository.standing in LOST):
            raise Refused(why)
        found = self._repositories.get(repository.full_name.lower())
        if found is None:
            raise Refused(f"{repository.full_name} does not exist, or the token may not see it")
        if writing and found.standing is Standing.ARCHIVED:
            raise Refused(f"{found.full_name} is archived so is read-only")
        return found

    def _require_commit(self, repository: Repository, sha: str, *, writing: bool = False) -> None:
        if self._commits.get((self._known(repository, writing=writing).id, sha)) != sha:
            raise Refused(f"there is no commit {sha} in {repository.full_name}")

    def _require_place(self, repository: Repository, place: Place) -> None:
        match place:
            case OnCommit(sha):
                self._require_commit(repository, sha)
            case OnPullRequest(number):
                if (self._known(repository).id, number) not in self._pulls:
                    raise Refused(f"there is no pull request #{number} in {repository.full_name}")

    def _find_check(self, repository: Repository, check: Check, known_id: int | None) -> CheckRun | None:
        if known_id is not None and (repository.id, known_id) in self._checks:
            return self._checks[repository.id, known_id]
        here = self.checks_on(repository, check.sha)
        same = (run for run in here if (run.check.name, run.check.run_id) == (check.name, check.run_id))
        return next(same, None)

    def _find(
        self, repository: Repository, place: Place, marker: str, known_id: int | None
    ) -> Comment | None:
        known = self._comments.get((repository.id, known_id)) if known_id is not None else None
        if known is not None and type(known.place) is type(place):
            return known
        ours = [comment for comment in self.comments_at(repository, place) if comment.author == OWN_LOGIN]
        return next((comment for comment in ours if marker in comment.body), None)


def _require_possible(check: Check) -> None:
    if (check.state is CheckState.COMPLETED) != (check.conclusion is not None):
        raise Refused("a check run has a conclusion when it is completed, and only then")
    if len(check.title) > MAX_TITLE or max(len(check.summary), len(check.text)) > MAX_SUMMARY:
        raise Refused("a check run's title or text is too long")
    if len(check.annotations) > MAX_ANNOTATIONS or len(check.actions) > 3:
        raise Refused("a check run has too many annotations or actions")
