"""Our one comment at a place: on a pull request (an issue to GitHub) or on a commit.

GitHub keeps the two kinds apart, with other addresses for each call; the rest of the adapter does
not see the difference. A comment is ours when our login wrote it and it carries the marker: anybody
can paste a marker.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import assert_never

from github import GithubException
from github.CommitComment import CommitComment
from github.IssueComment import IssueComment
from github.Repository import Repository as GithubRepository

from reprise.adapters.github.client import UnexpectedReply
from reprise.adapters.github.refusal import Intent
from reprise.domain.forge import OnCommit, OnPullRequest, Place, Reaction
from reprise.domain.run import Repository

MAX_COMMENTS = 3_000
"""Where the search for ours ends; GitHub lists them in the order of creation."""


@dataclass(frozen=True, slots=True)
class Found:
    id: int
    body: str


def intent(repository: Repository, place: Place) -> Intent:
    match place:
        case OnPullRequest(number):
            return Intent(f"comment on #{number} of {repository.full_name}", "issues: write")
        case OnCommit(sha):
            return Intent(f"comment on commit {sha} of {repository.full_name}", "contents: write")
        case _:
            assert_never(place)


def reaction_intent(repository: Repository, place: Place, comment_id: int) -> Intent:
    doing = f"react to comment {comment_id} in {repository.full_name}"
    match place:
        case OnPullRequest():
            return Intent(doing, "issues: write")
        case OnCommit():
            return Intent(doing, "contents: write")
        case _:
            assert_never(place)


def find_known(repository: GithubRepository, place: Place, known_id: int | None) -> Found | None:
    """The comment that we remember; None when there is none or somebody deleted it."""
    if known_id is None:
        return None
    try:
        return _found(_one(repository, place, known_id).complete())
    except GithubException as error:
        # Not PyGithub's own class for this: that one goes by the words of the message.
        if error.status == 404:
            return None
        raise


def find(repository: GithubRepository, place: Place, login: str, marker: str) -> Found | None:
    """The first comment by ``login`` (whose case GitHub ignores) that carries the marker."""
    for comment in islice(_all(repository, place), MAX_COMMENTS):
        ours = comment.user is not None and comment.user.login.lower() == login.lower()
        if ours and marker in (comment.body or ""):
            return _found(comment)
    return None


def create(repository: GithubRepository, place: Place, body: str) -> int:
    match place:
        case OnPullRequest(number):
            return _found(repository.get_issue(number).create_comment(body)).id
        case OnCommit(sha):
            return _found(repository.get_commit(sha).create_comment(body)).id
        case _:
            assert_never(place)


def edit(repository: GithubRepository, place: Place, comment_id: int, body: str) -> None:
    _one(repository, place, comment_id).edit(body)


def react(repository: GithubRepository, place: Place, comment_id: int, reaction: Reaction) -> None:
    """The same reaction twice is one reaction to GitHub."""
    made = _one(repository, place, comment_id).create_reaction(reaction.value)
    if not isinstance(made.id, int):
        raise UnexpectedReply("a reaction without an id")


def same(left: str, right: str) -> bool:
    """Whether two bodies say the same; line ends and outer blanks may change on the way."""
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()


def _one(repository: GithubRepository, place: Place, comment_id: int) -> IssueComment | CommitComment:
    match place:
        case OnPullRequest():
            return _issue_comment(repository, comment_id)
        case OnCommit():
            return repository.get_comment(comment_id)
        case _:
            assert_never(place)


def _issue_comment(repository: GithubRepository, comment_id: int) -> IssueComment:
    # A comment's address holds no issue number, but PyGithub wants an issue to start from.
    return repository.get_issue(0).get_comment(comment_id)


def _all(repository: GithubRepository, place: Place) -> Iterable[IssueComment | CommitComment]:
    match place:
        case OnPullRequest(number):
            return repository.get_issue(number).get_comments()
        case OnCommit(sha):
            return repository.get_commit(sha).get_comments()
        case _:
            assert_never(place)


def _found(comment: IssueComment | CommitComment) -> Found:
    if not isinstance(comment.id, int) or not isinstance(comment.body, str):
        raise UnexpectedReply("a comment without id or body")
    return Found(comment.id, comment.body)
