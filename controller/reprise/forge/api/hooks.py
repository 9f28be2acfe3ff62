"""Webhooks of a repository and the log of what they were told. Only for its admins."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from reprise.domain.forge import Permission
from reprise.domain.loopback import is_loopback
from reprise.forge import events, views
from reprise.forge.access import Asking, Call
from reprise.forge.api import delivery_log
from reprise.forge.api.bodies import NewHook, Raw, parse
from reprise.forge.api.paging import Page
from reprise.forge.problems import invalid, not_found
from reprise.forge.records import Hook, Repository
from reprise.forge.replies.people import JSON
from reprise.forge.store import now

router = APIRouter()
FOLDER = "/repos/{owner}/{name}/hooks"
EVENTS = {
    "*",
    "push",
    "create",
    "delete",
    "issue_comment",
    "commit_comment",
    "pull_request",
    "check_run",
    "repository",
}


@router.post(FOLDER, status_code=201)
def create(owner: str, name: str, call: Asking, raw: Raw) -> JSON:
    """This forge speaks to loopback only, the one place that GitHub's hooks cannot reach."""
    repository = call.repository(owner, name, Permission.ADMIN)
    sender = call.signed_in()
    wanted = parse(NewHook, raw, "Hook")
    refuse_elsewhere(wanted.config.url)
    if unknown := sorted(set(wanted.events) - EVENTS):
        raise invalid("Hook", "events", "custom", f"this forge has no event {', '.join(unknown)}")
    hook = call.store.add(
        Hook,
        repository_id=repository.id,
        url=wanted.config.url,
        secret=wanted.config.secret,
        events=",".join(wanted.events),
        active=wanted.active,
        created_at=now(),
    )
    events.ping(call, repository, hook, sender)
    return views.hook(call, repository, hook)


@router.get(FOLDER)
def listed(owner: str, name: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name, Permission.ADMIN)
    found = call.store.all(Hook, repository_id=repository.id)
    page = Page(request)
    return page.reply([views.hook(call, repository, each) for each in page.of(found)], total=len(found))


@router.get(FOLDER + "/{hook_id}")
def show(owner: str, name: str, hook_id: int, call: Asking) -> JSON:
    repository = call.repository(owner, name, Permission.ADMIN)
    return views.hook(call, repository, _hook(call, repository, hook_id))


@router.post(FOLDER + "/{hook_id}/pings", status_code=204)
def ping(owner: str, name: str, hook_id: int, call: Asking) -> Response:
    repository = call.repository(owner, name, Permission.ADMIN)
    events.ping(call, repository, _hook(call, repository, hook_id), call.signed_in())
    return Response(status_code=204)


@router.get(FOLDER + "/{hook_id}/deliveries")
def deliveries(owner: str, name: str, hook_id: int, call: Asking, request: Request) -> JSONResponse:
    hook = _hook(call, call.repository(owner, name, Permission.ADMIN), hook_id)
    return delivery_log.listed(call, hook, request)


@router.get(FOLDER + "/{hook_id}/deliveries/{delivery_id}")
def delivery(owner: str, name: str, hook_id: int, delivery_id: int, call: Asking) -> JSON:
    hook = _hook(call, call.repository(owner, name, Permission.ADMIN), hook_id)
    return delivery_log.shown(call, hook, delivery_id)


@router.post(FOLDER + "/{hook_id}/deliveries/{delivery_id}/attempts", status_code=202)
def redeliver(owner: str, name: str, hook_id: int, delivery_id: int, call: Asking) -> JSON:
    hook = _hook(call, call.repository(owner, name, Permission.ADMIN), hook_id)
    return delivery_log.again(call, hook, delivery_id)


def refuse_elsewhere(url: str) -> None:
    """Raises Problem 422 for what is not on this machine's loopback."""
    target = urlsplit(url)
    if target.scheme != "http" or not is_loopback(target.hostname or ""):
        raise invalid("Hook", "config.url", "custom", "config.url must be http:// on this machine's loopback")


def _hook(call: Call, repository: Repository, hook_id: int) -> Hook:
    found = call.store.one(Hook, id=hook_id, repository_id=repository.id)
    if found is None:
        raise not_found()
    return found
