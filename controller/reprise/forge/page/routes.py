"""Pages for people, without scripts: what everybody may read, and to those who signed in what they may."""

import html
import zlib

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from reprise.forge.access import Call
from reprise.forge.api.checks import check_run_of
from reprise.forge.api.comments import pull_of
from reprise.forge.page import checks, content
from reprise.forge.page.rendering import FOLDER, POLICY, page
from reprise.forge.page.sessions import Visiting
from reprise.forge.problems import Problem
from reprise.forge.records import App, Pull, Repository, User

router = APIRouter(default_response_class=HTMLResponse)
AVATAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" '
    'fill="hsl({hue} 35% 45%)"/><text x="16" y="21.5" font-family="sans-serif" font-size="15" fill="#fff" '
    'text-anchor="middle">{letter}</text></svg>'
)
ASKED = {"again": "Asked for once more.", "action": "Asked for."}


@router.get("/")
def index(call: Visiting) -> Response:
    found = _readable(call, call.store.all(Repository))
    newest = sorted(found, key=lambda each: each.pushed_at, reverse=True)
    return page("index.html", call, "/", owner=None, repositories=newest)


@router.get("/style.css")
def style() -> Response:
    return FileResponse(FOLDER / "style.css", headers={"Cache-Control": "max-age=60"})


@router.get("/avatars/{login}.svg")
def avatar(login: str) -> Response:
    drawn = AVATAR.format(hue=zlib.crc32(login.encode()) % 360, letter=html.escape(login[:1].upper()))
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "max-age=3600"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@router.get("/{login}")
def owner(login: str, call: Visiting) -> Response:
    found = call.store.one(User, login=login)
    if found is None:
        raise Problem(404, "There is nobody here with this name.")
    theirs = _readable(call, call.store.all(Repository, owner=login))
    return page("index.html", call, f"/{login}", owner=found, repositories=theirs)


def _readable(call: Call, repositories: list[Repository]) -> list[Repository]:
    return [each for each in repositories if call.role(each).value != "none"]


@router.get("/{owner}/{name}")
def repository(owner: str, name: str, call: Visiting) -> Response:
    found = call.repository(owner, name)
    tags = content.tags(call, found)
    deliveries = content.deliveries(call, found)
    return page(
        "repository.html",
        call,
        f"/{found.full_name}",
        pending=any(tag.commit.checks.pending for tag in tags) or any(d.pending for d in deliveries),
        repository=found,
        fork_of=call.store.get(Repository, found.fork_of) if found.fork_of else None,
        forks=_readable(call, call.store.all(Repository, fork_of=found.id)),
        clone_url=call.links.clone(found),
        tags=tags,
        commits=content.recent_commits(call, found),
        pulls=content.pulls(call, found),
        deliveries=deliveries,
    )


@router.get("/{owner}/{name}/commit/{sha}")
def commit(owner: str, name: str, sha: str, call: Visiting) -> Response:
    found = call.repository(owner, name)
    full = call.git(found).resolve(sha)
    if full is None:
        raise Problem(404, "This repository has no such commit.")
    shown = content.commit(call, found, full)
    return page(
        "commit.html",
        call,
        f"/{found.full_name}/commit/{full}",
        pending=shown.checks.pending and call.user is None,
        repository=found,
        commit=shown,
        tags=[tag.name for tag in content.tags(call, found) if tag.commit.sha == full],
        comments=content.comments(call, found, sha=full),
    )


@router.get("/{owner}/{name}/pull/{number}")
def pull(owner: str, name: str, number: int, call: Visiting) -> Response:
    found = call.repository(owner, name)
    shown = pull_of(call, found, number)
    commits = content.pull_commits(call, found, shown)
    head = content.commit(call, found, shown.head_sha)
    return page(
        "pull.html",
        call,
        f"/{found.full_name}/pull/{number}",
        pending=head.checks.pending and call.user is None,
        repository=found,
        pull=shown,
        head=call.store.get(Repository, shown.head_repository_id),
        changed=call.git(found).line_changes(shown.base_sha, shown.head_sha),
        badges=content.badges(call, found, shown.author, opener=shown.author),
        commit=head,
        commits=commits,
        comments=content.comments(call, found, pull=shown),
    )


@router.get("/{owner}/{name}/runs/{check_run_id}")
def check_run(owner: str, name: str, check_run_id: int, call: Visiting, asked: str = "") -> Response:
    found = call.repository(owner, name)
    run = check_run_of(call, found, check_run_id)
    here = {"repository_id": found.id, "head_sha": run.sha}
    return page(
        "check.html",
        call,
        f"/{found.full_name}/runs/{run.id}",
        pending=not run.completed,
        repository=found,
        run=run,
        app=call.store.get(App, run.app_id),
        look=checks.look_of(run),
        lasted=checks.lasted(run),
        annotations=content.annotations(call, found, run),
        commit=content.commit(call, found, run.sha),
        pulls=call.store.all(Pull, **here),
        may_press=call.user is not None and call.role(found).may_write,
        said=ASKED.get(asked),
    )


@router.get("/{owner}/{name}/blob/{sha}/{path:path}")
def blob(owner: str, name: str, sha: str, path: str, call: Visiting) -> Response:
    """A file at a commit, by lines that links can lead to."""
    found = call.repository(owner, name)
    full = call.git(found).resolve(sha)
    text = call.git(found).text(full, path) if full else None
    if full is None or text is None:
        raise Problem(404, "This commit has no such file, or it is too large to show.")
    here = f"/{found.full_name}/blob/{full}/{path}"
    return page("blob.html", call, here, repository=found, sha=full, path=path, lines=text.splitlines())
