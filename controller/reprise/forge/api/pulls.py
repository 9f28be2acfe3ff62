"""Pull requests: opened from a branch or a fork, edited and closed. Merging is not what this forge is for."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.domain.forge import Permission
from reprise.forge import events, pushes, views
from reprise.forge.access import Asking, Call
from reprise.forge.api.bodies import NewPull, PullChange, Raw, parse
from reprise.forge.api.comments import pull_of
from reprise.forge.api.paging import Page
from reprise.forge.problems import Problem, invalid, no_permission
from reprise.forge.records import Pull, Repository, User, at_least
from reprise.forge.replies.people import JSON
from reprise.forge.store import now

router = APIRouter()
STATES = ("open", "closed", "all")


@router.get("/repos/{owner}/{name}/pulls")
def listed(owner: str, name: str, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    state = request.query_params.get("state", "open")
    if state not in STATES:
        raise invalid("PullRequest", "state", "invalid")
    every = call.store.all(Pull, repository_id=repository.id)[::-1]
    found = [pull for pull in every if state in ("all", pull.state)]
    page = Page(request)
    return page.reply([views.simple_pull(call, repository, p) for p in page.of(found)], total=len(found))


@router.get("/repos/{owner}/{name}/pulls/{number}")
def show(owner: str, name: str, number: int, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.pull(call, repository, pull_of(call, repository, number))


@router.get("/repos/{owner}/{name}/issues/{number}")
def show_issue(owner: str, name: str, number: int, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.issue(call, repository, pull_of(call, repository, number))


@router.post("/repos/{owner}/{name}/pulls", status_code=201)
def create(owner: str, name: str, call: Asking, raw: Raw) -> JSON:
    base = call.repository(owner, name)
    author = call.signed_in()
    wanted = parse(NewPull, raw, "PullRequest")
    head, head_ref = _head(call, base, wanted.head)
    base_sha = _branch_sha(call, base, wanted.base, "base")
    head_sha = _branch_sha(call, head, head_ref, "head")
    git = call.git(base)
    git.bring(call.git(head), head_sha)
    if not git.related(base_sha, head_sha):
        raise _refused(f"The {head_ref} branch has no history in common with {wanted.base}")
    if git.count(base_sha, head_sha) == 0:
        raise _refused(f"No commits between {wanted.base} and {head_ref}")
    made = _add(call, base, head, wanted, author, head_ref=head_ref, shas=(base_sha, head_sha))
    git.update_ref(f"refs/pull/{made.number}/head", head_sha)
    events.announce_pull(call, base, made, "opened", author)
    return views.pull(call, base, made)


def _head(call: Call, base: Repository, head: str) -> tuple[Repository, str]:
    """Where ``branch`` or ``owner:branch`` lies: in this repository or in that owner's fork of it."""
    owner, colon, branch = head.rpartition(":")
    if not colon or owner.lower() == base.owner.lower():
        found: Repository | None = base
    else:
        found = call.store.one(Repository, owner=owner, fork_of=base.id)
    if found is None:
        raise invalid("PullRequest", "head", "invalid")
    if not at_least(call.role(found), Permission.WRITE):
        raise no_permission()
    return found, branch


def _branch_sha(call: Call, repository: Repository, branch: str, field: str) -> str:
    ref = call.git(repository).ref(f"refs/heads/{branch}")
    if ref is None:
        raise invalid("PullRequest", field, "invalid")
    return ref.sha


def _refused(says: str) -> Problem:
    return Problem(
        422, "Validation Failed", ({"resource": "PullRequest", "code": "custom", "message": says},)
    )


def _add(
    call: Call,
    base: Repository,
    head: Repository,
    wanted: NewPull,
    author: User,
    *,
    head_ref: str,
    shas: tuple[str, str],
) -> Pull:
    at = now()
    with call.store.changing():
        every = call.store.all(Pull, repository_id=base.id)
        same = (head.id, head_ref, wanted.base, "open")
        if any((p.head_repository_id, p.head_ref, p.base_ref, p.state) == same for p in every):
            raise _refused(f"A pull request already exists for {head.owner}:{head_ref}.")
        return call.store.add(
            Pull,
            repository_id=base.id,
            number=max((pull.number for pull in every), default=0) + 1,
            title=wanted.title,
            body=wanted.body,
            author=author.login,
            base_ref=wanted.base,
            base_sha=shas[0],
            head_repository_id=head.id,
            head_ref=head_ref,
            head_sha=shas[1],
            state="open",
            created_at=at,
            updated_at=at,
            closed_at=None,
        )


@router.patch("/repos/{owner}/{name}/pulls/{number}")
def edit(owner: str, name: str, number: int, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name)
    editor = call.signed_in()
    pull = pull_of(call, repository, number)
    if editor.login != pull.author and not call.role(repository).may_write:
        raise no_permission()
    wanted = parse(PullChange, raw, "PullRequest")
    if wanted.state == "open" and pull.state == "closed":
        raise _refused("This forge does not open closed pull requests again; make a new one.")
    changes = wanted.model_dump(exclude_none=True, exclude={"state"})
    pull = call.store.change(Pull, pull.id, updated_at=now(), **changes)
    if wanted.state == "closed" and pull.state == "open":
        pull = pushes.close(call, repository, pull, editor)
    return views.pull(call, repository, pull)
