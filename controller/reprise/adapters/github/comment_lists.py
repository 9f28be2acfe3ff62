"""The comments of a repository since a look. Called by `api` inside the client's guard.

GitHub lists those of conversations (issues among them) by their last change, and those of commits only by
age, oldest first, so that the newest are looked for from the last page backwards.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from github.Repository import Repository as GithubRepository
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from reprise.adapters.github.app import PER_PAGE
from reprise.domain.forge import OnCommit, OnPullRequest, Place, PostedComment
from reprise.domain.run import Sha

MAX_PAGES = 10
"""Of each of the two lists."""
_LAST = re.compile(r'<[^>]*[?&]page=(\d{1,9})[^>]*>;\s*rel="last"')
_UTC = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class _Author(BaseModel):
    login: str
    type: str = "User"


class _Comment(BaseModel):
    id: int
    body: str | None = None
    user: _Author | None = None
    created_at: _UTC
    updated_at: _UTC


class _Said(_Comment):
    issue_url: str = Field(pattern=r"/issues/\d{1,9}$")

    @property
    def place(self) -> Place:
        return OnPullRequest(int(self.issue_url.rpartition("/")[2]))


class _OnCommit(_Comment):
    commit_id: str = Field(pattern="^[0-9a-f]{40}$")

    @property
    def place(self) -> Place:
        return OnCommit(Sha(self.commit_id))


class _Pull(BaseModel):
    number: int


def since(repo: GithubRepository, moment: datetime) -> tuple[PostedComment, ...]:
    said, whole = _said(repo, moment)
    on_commits = [_posted(each, each.place) for each in _on_commits(repo, moment)]
    if not whole:  # or whoever goes on from the last one would pass over conversations
        on_commits = [each for each in on_commits if each.updated_at <= said[-1].updated_at]
    return tuple(sorted((*said, *on_commits), key=lambda each: each.updated_at))


def open_pull_requests(repo: GithubRepository) -> frozenset[int]:
    found: set[int] = set()
    for page in range(1, MAX_PAGES + 1):
        entries = _get(repo, "/pulls", state="open", per_page=PER_PAGE, page=page)[1]
        found |= {_Pull.model_validate(each).number for each in entries}
        if len(entries) < PER_PAGE:
            break
    return frozenset(found)


def _said(repo: GithubRepository, moment: datetime) -> tuple[list[PostedComment], bool]:
    """In conversations, and whether that is all.

    Each page begins where the one before ended: an edit moves a comment to the end of the list, and what
    stood behind it one place forward, past whoever counts pages.
    """
    found: dict[int, PostedComment] = {}
    page = 1
    for _ in range(MAX_PAGES):
        from_ = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        order = {"sort": "updated", "direction": "asc", "since": from_}
        _, reply = _get(repo, "/issues/comments", **order, per_page=PER_PAGE, page=page)
        entries = [_Said.model_validate(each) for each in reply]
        found |= {each.id: _posted(each, each.place) for each in entries}
        if len(entries) < PER_PAGE:
            return list(found.values()), True
        last = entries[-1].updated_at
        page, moment = (page + 1, moment) if last == moment else (1, last)
    return list(found.values()), False


def _on_commits(repo: GithubRepository, moment: datetime) -> Iterator[_OnCommit]:
    headers, reply = _get(repo, "/comments", per_page=PER_PAGE, page=1)
    match = _LAST.search(headers.get("link", ""))
    last = int(match[1]) if match else 1
    for page in range(last, max(last - MAX_PAGES, 0), -1):
        if page > 1:
            _, reply_here = _get(repo, "/comments", per_page=PER_PAGE, page=page)
        else:
            reply_here = reply
        entries = [_OnCommit.model_validate(each) for each in reply_here]
        yield from (each for each in entries if each.updated_at >= moment)
        if any(each.created_at < moment for each in entries):
            return


def _posted(comment: _Comment, place: Place) -> PostedComment:
    user = comment.user
    return PostedComment(
        comment.id,
        place,
        user.login if user is not None else None,
        user is not None and user.type == "Bot",
        comment.body or "",
        comment.created_at,
        comment.updated_at,
    )


def _get(repo: GithubRepository, path: str, **query: str | int) -> tuple[dict[str, Any], Any]:
    return repo.requester.requestJsonAndCheck("GET", repo.url + path, parameters=query)
