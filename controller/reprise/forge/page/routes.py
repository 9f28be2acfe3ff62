"""Pages for people, without scripts or sessions: what everybody may read, nothing private."""

import html
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from reprise.forge.access import Call, forge_of, links_of
from reprise.forge.page import content, markdown
from reprise.forge.problems import Problem
from reprise.forge.records import Pull, Repository, User

router = APIRouter(default_response_class=HTMLResponse)
REFRESH_SECONDS = 2
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"
AVATAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" '
    'fill="hsl({hue} 35% 45%)"/><text x="16" y="21.5" font-family="sans-serif" font-size="15" fill="#fff" '
    'text-anchor="middle">{letter}</text></svg>'
)


def ago(at: str) -> str:
    """``3 minutes ago``, for a time as the records have it."""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds < 10 else f"{seconds} seconds ago"


def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ago"] = ago
    made.filters["markdown"] = lambda text: Markup(markdown.render(text))  # noqa: S704  it escapes everything
    return made


TEMPLATES = environment()


def anybody(request: Request) -> Call:
    """Pages know nobody: they show what is public."""
    return Call(forge_of(request), links_of(request), None)


Visiting = Annotated[Call, Depends(anybody)]


def _page(template: str, *, pending: bool = False, **values: Any) -> HTMLResponse:
    refresh = REFRESH_SECONDS if pending else None
    text = TEMPLATES.get_template(template).render(refresh=refresh, **values)
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


@router.get("/")
def index(call: Visiting) -> Response:
    public = call.store.all(Repository, private=False)
    return _page("index.html", repositories=sorted(public, key=lambda r: r.pushed_at, reverse=True))


@router.get("/avatars/{login}.svg")
def avatar(login: str) -> Response:
    drawn = AVATAR.format(hue=zlib.crc32(login.encode()) % 360, letter=html.escape(login[:1].upper()))
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": POLICY})


@router.get("/{login}")
def owner(login: str, call: Visiting) -> Response:
    if call.store.one(User, login=login) is None:
        raise Problem(404, "There is nobody here with this name.")
    return _page("index.html", repositories=call.store.all(Repository, owner=login, private=False))


@router.get("/{owner}/{name}")
def repository(owner: str, name: str, call: Visiting) -> Response:
    found = call.repository(owner, name)
    tags = content.tags(call, found)
    deliveries = content.deliveries(call, found)
    return _page(
        "repository.html",
        repository=found,
        clone_url=call.links.clone(found),
        tags=tags,
        commits=content.recent_commits(call, found),
        pulls=call.store.all(Pull, repository_id=found.id)[::-1],
        deliveries=deliveries,
        pending=any(tag.commit.pending for tag in tags) or any(d.pending for d in deliveries),
    )


@router.get("/{owner}/{name}/commit/{sha}")
def commit(owner: str, name: str, sha: str, call: Visiting) -> Response:
    found = call.repository(owner, name)
    full = call.git(found).resolve(sha)
    if full is None:
        raise Problem(404, "This repository has no such commit.")
    shown = content.commit(call, found, full)
    return _page(
        "commit.html",
        repository=found,
        commit=shown,
        tags=[tag.name for tag in content.tags(call, found) if tag.commit.sha == full],
        comments=content.comments(call, found, sha=full),
        pending=shown.pending,
    )


@router.get("/{owner}/{name}/pull/{number}")
def pull(owner: str, name: str, number: int, call: Visiting) -> Response:
    found = call.repository(owner, name)
    shown = call.store.one(Pull, repository_id=found.id, number=number)
    if shown is None:
        raise Problem(404, "This repository has no such pull request.")
    head = call.store.get(Repository, shown.head_repository_id)
    commit = content.commit(call, found, shown.head_sha)
    return _page(
        "pull.html",
        repository=found,
        pull=shown,
        head=head,
        commit=commit,
        comments=content.comments(call, found, number=number),
        pending=commit.pending,
    )
