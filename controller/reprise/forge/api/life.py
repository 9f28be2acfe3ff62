"""Changing, transferring and deleting a repository. Only for its admins."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from reprise.domain.forge import Permission
from reprise.forge import life, views
from reprise.forge.access import Asking
from reprise.forge.api.bodies import Raw, RepositoryChange, Transfer, parse
from reprise.forge.problems import invalid
from reprise.forge.records import User
from reprise.forge.replies.people import JSON

router = APIRouter()


@router.patch("/repos/{owner}/{name}")
def change(owner: str, name: str, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name, Permission.ADMIN, archived_too=True)
    wanted = parse(RepositoryChange, raw, "Repository")
    private = wanted.visibility == "private" if wanted.visibility else wanted.private
    wish = life.Wish(wanted.name, private, wanted.archived, wanted.description, wanted.default_branch)
    return views.full_repository(call, life.change(call, repository, wish, call.signed_in()))


@router.post("/repos/{owner}/{name}/transfer")
def transfer(owner: str, name: str, call: Asking, raw: Raw) -> JSONResponse:
    repository = call.repository(owner, name, Permission.ADMIN, archived_too=True)
    wanted = parse(Transfer, raw, "Repository")
    to = call.store.one(User, login=wanted.new_owner)
    if to is None or to.kind == "Bot" or to.login.lower() == repository.owner.lower():
        raise invalid("Repository", "new_owner", "invalid")
    moved = life.transfer(call, repository, to, wanted.new_name or repository.name, call.signed_in())
    return JSONResponse(views.repository(call, moved), 202)


@router.delete("/repos/{owner}/{name}", status_code=204)
def delete(owner: str, name: str, call: Asking) -> Response:
    repository = call.repository(owner, name, Permission.ADMIN, archived_too=True)
    life.delete(call, repository, call.signed_in())
    return Response(status_code=204)
