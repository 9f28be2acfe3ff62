"""Commit statuses: written one by one, read as a list or combined to the latest of each context."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.domain.forge import Permission
from reprise.forge import views
from reprise.forge.access import Asking
from reprise.forge.api.bodies import NewStatus, Raw, parse
from reprise.forge.api.commits import commit_sha
from reprise.forge.api.paging import Page
from reprise.forge.problems import invalid, no_commit
from reprise.forge.records import Status
from reprise.forge.replies import commits
from reprise.forge.replies.people import JSON
from reprise.forge.store import Store, now

router = APIRouter()
MOST_PER_CONTEXT = 1_000


@router.post("/repos/{owner}/{name}/statuses/{sha}", status_code=201)
def create(owner: str, name: str, sha: str, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name, Permission.WRITE)
    creator = call.signed_in()
    wanted = parse(NewStatus, raw, "Status")
    if call.git(repository).object_type(sha) != "commit":
        raise no_commit(sha)  # also for the object of an annotated tag
    with call.store.changing():
        already = call.store.all(Status, repository_id=repository.id, sha=sha, context=wanted.context)
        if len(already) >= MOST_PER_CONTEXT:
            says = "This SHA and context has reached the maximum number of statuses."
            raise invalid("Status", "base", "custom", says)
        made = call.store.add(
            Status,
            repository_id=repository.id,
            sha=sha,
            context=wanted.context,
            state=wanted.state,
            description=wanted.description,
            target_url=wanted.target_url,
            creator=creator.login,
            created_at=now(),
        )
    return views.status(call, repository, made)


def newest_first(store: Store, repository_id: int, sha: str) -> list[Status]:
    return store.all(Status, repository_id=repository_id, sha=sha)[::-1]


def latest_of_each(statuses: list[Status]) -> list[Status]:
    """From newest-first statuses the first of each context; contexts ignore case."""
    latest: dict[str, Status] = {}
    for status in statuses:
        latest.setdefault(status.context.lower(), status)
    return list(latest.values())


@router.get("/repos/{owner}/{name}/statuses/{ref:path}")
@router.get("/repos/{owner}/{name}/commits/{ref:path}/statuses")
def listed(owner: str, name: str, ref: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    found = newest_first(call.store, repository.id, commit_sha(call, repository, ref))
    page = Page(request)
    return page.reply([views.status(call, repository, each) for each in page.of(found)], total=len(found))


@router.get("/repos/{owner}/{name}/commits/{ref:path}/status")
def combined(owner: str, name: str, ref: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    sha = commit_sha(call, repository, ref)
    latest = latest_of_each(newest_first(call.store, repository.id, sha))
    page = Page(request)
    url = f"{call.links.api(repository)}/commits/{sha}"
    reply = {
        "state": commits.combined_state([each.state for each in latest]),
        "statuses": [commits.simple_status(call.links, repository, each) for each in page.of(latest)],
        "sha": sha,
        "total_count": len(latest),
        "repository": views.repository(call, repository),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return page.reply(reply, total=len(latest))
