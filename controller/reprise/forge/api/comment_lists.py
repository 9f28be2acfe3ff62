"""All comments of a repository, for whoever looks again and again: by their change, or by their age."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.forge import views
from reprise.forge.access import Asking
from reprise.forge.api.paging import Page
from reprise.forge.records import Comment

router = APIRouter()


@router.get("/repos/{owner}/{name}/issues/comments")
def in_conversations(owner: str, name: str, call: Asking, request: Request) -> JSONResponse:
    """``since`` is about the last change; times here are whole seconds in UTC, so text compares."""
    repository = call.repository(owner, name)
    since = request.query_params.get("since", "")
    every = call.store.all(Comment, repository_id=repository.id, sha=None)
    found = _in_order([each for each in every if each.updated_at >= since], request)
    page = Page(request)
    return page.reply([views.comment(call, repository, each) for each in page.of(found)], total=len(found))


@router.get("/repos/{owner}/{name}/comments")
def on_commits(owner: str, name: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    every = call.store.all(Comment, repository_id=repository.id, number=None)
    page = Page(request)
    return page.reply([views.comment(call, repository, each) for each in page.of(every)], total=len(every))


def _in_order(found: list[Comment], request: Request) -> list[Comment]:
    """Without ``sort`` GitHub lists them by number and ignores ``direction``."""
    sort = request.query_params.get("sort")
    if sort not in ("created", "updated"):
        return found
    newest_first = request.query_params.get("direction", "desc") != "asc"

    def age(comment: Comment) -> tuple[str, int]:
        return (comment.updated_at if sort == "updated" else comment.created_at), comment.id

    return sorted(found, key=age, reverse=newest_first)
