"""Commits, refs and tags: what the git side holds, read only."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.forge import views
from reprise.forge.access import Asking, Call
from reprise.forge.api.paging import Page
from reprise.forge.problems import Problem, no_commit, not_found
from reprise.forge.records import Repository
from reprise.forge.replies import commits
from reprise.forge.replies.people import JSON

router = APIRouter()
TAGS = "refs/tags/"


def commit_sha(call: Call, repository: Repository, ref: str) -> str:
    """The commit that a ref, tag, branch, full or short sha means; 422 when there is none."""
    git = call.git(repository)
    if not git.refs():
        raise Problem(409, "Git Repository is empty.")
    sha = git.resolve(ref)
    if sha is None:
        raise no_commit(ref)
    return sha


@router.get("/repos/{owner}/{name}/commits/{ref:path}")
def show(owner: str, name: str, ref: str, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.commit(call, repository, commit_sha(call, repository, ref))


@router.get("/repos/{owner}/{name}/tags")
def tags(owner: str, name: str, call: Asking, request: Request) -> JSONResponse:
    """Newest name first; tags of other things than commits are not listed."""
    repository = call.repository(owner, name)
    git = call.git(repository)
    page = Page(request)
    found = sorted(git.refs(TAGS), key=lambda ref: ref.name, reverse=True)
    peeled = [(ref.name.removeprefix(TAGS), git.resolve(ref.sha)) for ref in page.of(found)]
    listed = [commits.listed_tag(call.links, repository, tag, sha) for tag, sha in peeled if sha]
    return page.reply(listed, total=len(found))


@router.get("/repos/{owner}/{name}/git/ref/{ref:path}")
def one_ref(owner: str, name: str, ref: str, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    found = call.git(repository).ref(f"refs/{ref.removeprefix('refs/')}")
    if found is None:
        raise not_found()
    return commits.ref(call.links, repository, found)


@router.get("/repos/{owner}/{name}/git/refs")
def all_refs(owner: str, name: str, call: Asking) -> list[JSON]:
    return matching_refs(owner, name, "", call)


@router.get("/repos/{owner}/{name}/git/matching-refs/{prefix:path}")
def matching_refs(owner: str, name: str, prefix: str, call: Asking) -> list[JSON]:
    """Refs that begin with these letters, all at once: ``tags/v1`` also finds ``tags/v10``."""
    repository = call.repository(owner, name)
    found = call.git(repository).refs(f"refs/{prefix.removeprefix('refs/')}")
    return [commits.ref(call.links, repository, ref) for ref in found]


@router.get("/repos/{owner}/{name}/git/tags/{sha}")
def tag_object(owner: str, name: str, sha: str, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    found = call.git(repository).tag_object(sha)
    if found is None:
        raise not_found()
    return commits.tag_object(call.links, repository, found)
