"""Comments on commits and in the conversation of pull requests, and reactions to them."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from reprise.forge import events, views
from reprise.forge.access import Asking, Call
from reprise.forge.api.bodies import NewComment, NewReaction, Raw, parse
from reprise.forge.api.commits import commit_sha
from reprise.forge.api.paging import Page
from reprise.forge.problems import no_commit, no_permission, not_found
from reprise.forge.records import Comment, Pull, Reaction, Repository
from reprise.forge.replies.people import JSON
from reprise.forge.store import now

router = APIRouter()
Kind = Literal["commit", "issue"]


# --- on commits -----------------------------------------------------------------------------------


@router.post("/repos/{owner}/{name}/commits/{sha}/comments", status_code=201)
def comment_on_commit(owner: str, name: str, sha: str, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name)
    author = call.signed_in()
    body = parse(NewComment, raw, "CommitComment").body
    if call.git(repository).object_type(sha) != "commit":
        raise no_commit(sha)
    at = now()
    made = call.store.add(
        Comment,
        repository_id=repository.id,
        sha=sha,
        number=None,
        author=author.login,
        body=body,
        created_at=at,
        updated_at=at,
    )
    events.announce_commit_comment(call, repository, made)
    return views.comment(call, repository, made)


@router.get("/repos/{owner}/{name}/commits/{ref:path}/comments")
def comments_on_commit(owner: str, name: str, ref: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    sha = commit_sha(call, repository, ref)
    found = call.store.all(Comment, repository_id=repository.id, sha=sha)
    return _listed(call, repository, found, request)


@router.get("/repos/{owner}/{name}/comments/{comment_id}")
def commit_comment(owner: str, name: str, comment_id: int, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.comment(call, repository, _comment(call, repository, comment_id, "commit"))


@router.patch("/repos/{owner}/{name}/comments/{comment_id}")
def edit_commit_comment(owner: str, name: str, comment_id: int, call: Asking, raw: Raw) -> JSON:
    return _edit(call, call.repository(owner, name), comment_id, "commit", raw)


@router.delete("/repos/{owner}/{name}/comments/{comment_id}", status_code=204)
def delete_commit_comment(owner: str, name: str, comment_id: int, call: Asking) -> Response:
    return _delete(call, call.repository(owner, name), comment_id, "commit")


# --- in conversations -----------------------------------------------------------------------------


@router.post("/repos/{owner}/{name}/issues/{number}/comments", status_code=201)
def comment_in_conversation(owner: str, name: str, number: int, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name)
    author = call.signed_in()
    pull = pull_of(call, repository, number)
    body = parse(NewComment, raw, "IssueComment").body
    at = now()
    made = call.store.add(
        Comment,
        repository_id=repository.id,
        sha=None,
        number=number,
        author=author.login,
        body=body,
        created_at=at,
        updated_at=at,
    )
    events.announce_comment(call, repository, pull, made)
    return views.comment(call, repository, made)


@router.get("/repos/{owner}/{name}/issues/{number}/comments")
def comments_in_conversation(
    owner: str, name: str, number: int, call: Asking, request: Request
) -> JSONResponse:
    repository = call.repository(owner, name)
    pull_of(call, repository, number)
    found = call.store.all(Comment, repository_id=repository.id, number=number)
    return _listed(call, repository, found, request)


@router.get("/repos/{owner}/{name}/issues/comments/{comment_id}")
def issue_comment(owner: str, name: str, comment_id: int, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.comment(call, repository, _comment(call, repository, comment_id, "issue"))


@router.patch("/repos/{owner}/{name}/issues/comments/{comment_id}")
def edit_issue_comment(owner: str, name: str, comment_id: int, call: Asking, raw: Raw) -> JSON:
    return _edit(call, call.repository(owner, name), comment_id, "issue", raw)


@router.delete("/repos/{owner}/{name}/issues/comments/{comment_id}", status_code=204)
def delete_issue_comment(owner: str, name: str, comment_id: int, call: Asking) -> Response:
    return _delete(call, call.repository(owner, name), comment_id, "issue")


# --- reactions ------------------------------------------------------------------------------------


@router.post("/repos/{owner}/{name}/issues/comments/{comment_id}/reactions")
def react_in_conversation(owner: str, name: str, comment_id: int, call: Asking, raw: Raw) -> JSONResponse:
    return _react(call, call.repository(owner, name), comment_id, "issue", raw)


@router.get("/repos/{owner}/{name}/issues/comments/{comment_id}/reactions")
def reactions_in_conversation(
    owner: str, name: str, comment_id: int, call: Asking, request: Request
) -> JSONResponse:
    return _reactions(call, call.repository(owner, name), comment_id, "issue", request)


@router.post("/repos/{owner}/{name}/comments/{comment_id}/reactions")
def react_on_commit(owner: str, name: str, comment_id: int, call: Asking, raw: Raw) -> JSONResponse:
    return _react(call, call.repository(owner, name), comment_id, "commit", raw)


@router.get("/repos/{owner}/{name}/comments/{comment_id}/reactions")
def reactions_on_commit(
    owner: str, name: str, comment_id: int, call: Asking, request: Request
) -> JSONResponse:
    return _reactions(call, call.repository(owner, name), comment_id, "commit", request)


def _react(call: Call, repository: Repository, comment_id: int, kind: Kind, raw: bytes) -> JSONResponse:
    """201 for a new reaction, 200 with the old one when this user already reacted so."""
    author = call.signed_in()
    comment = _comment(call, repository, comment_id, kind)
    content = parse(NewReaction, raw, "Reaction").content.value
    with call.store.changing():
        found = call.store.one(Reaction, comment_id=comment.id, author=author.login, content=content)
        made = found or call.store.add(
            Reaction, comment_id=comment.id, author=author.login, content=content, created_at=now()
        )
    return JSONResponse(views.reaction(call, made), status_code=200 if found else 201)


def _reactions(
    call: Call, repository: Repository, comment_id: int, kind: Kind, request: Request
) -> JSONResponse:
    comment = _comment(call, repository, comment_id, kind)
    found = call.store.all(Reaction, comment_id=comment.id)
    page = Page(request)
    return page.reply([views.reaction(call, each) for each in page.of(found)], total=len(found))


# --- shared ---------------------------------------------------------------------------------------


def pull_of(call: Call, repository: Repository, number: int | None) -> Pull:
    found = call.store.one(Pull, repository_id=repository.id, number=number)
    if found is None:
        raise not_found()
    return found


def _comment(call: Call, repository: Repository, comment_id: int, kind: Kind) -> Comment:
    found = call.store.one(Comment, id=comment_id, repository_id=repository.id)
    if found is None or (found.sha is None) != (kind == "issue"):
        raise not_found()
    return found


def _edit(call: Call, repository: Repository, comment_id: int, kind: Kind, raw: bytes) -> JSON:
    comment = _changeable(call, repository, comment_id, kind)
    body = parse(NewComment, raw, "CommitComment" if kind == "commit" else "IssueComment").body
    edited = call.store.change(Comment, comment.id, body=body, updated_at=now())
    if kind == "issue" and body != comment.body:
        pull = pull_of(call, repository, comment.number)
        events.announce_comment_edited(call, repository, pull, edited, before=comment.body)
    return views.comment(call, repository, edited)


def _delete(call: Call, repository: Repository, comment_id: int, kind: Kind) -> Response:
    """Its reactions go with it. Of comments on commits GitHub says only that they were made."""
    comment = _changeable(call, repository, comment_id, kind)
    told = views.comment(call, repository, comment)
    with call.store.changing():
        call.store.remove(Reaction, comment_id=comment.id)
        call.store.remove(Comment, id=comment.id)
    if kind == "issue":
        events.announce_comment_deleted(call, repository, pull_of(call, repository, comment.number), told)
    return Response(status_code=204)


def _changeable(call: Call, repository: Repository, comment_id: int, kind: Kind) -> Comment:
    """One's own, or anybody's with write permission."""
    editor = call.signed_in()
    comment = _comment(call, repository, comment_id, kind)
    if editor.login != comment.author and not call.role(repository).may_write:
        raise no_permission()
    return comment


def _listed(call: Call, repository: Repository, found: list[Comment], request: Request) -> JSONResponse:
    page = Page(request)
    return page.reply([views.comment(call, repository, each) for each in page.of(found)], total=len(found))
