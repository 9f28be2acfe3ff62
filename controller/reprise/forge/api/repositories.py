"""Users, repositories, forks and who may do what with them."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from reprise.domain.forge import Permission
from reprise.forge import life, views
from reprise.forge.access import Asking, Call
from reprise.forge.api.bodies import Membership, NewFork, NewRepository, Raw, parse
from reprise.forge.api.paging import Page
from reprise.forge.app_events import announce_new_repository
from reprise.forge.limits import caller
from reprise.forge.problems import Problem, invalid, no_permission, not_found
from reprise.forge.records import Repository, User, at_least
from reprise.forge.replies import people
from reprise.forge.replies.people import JSON
from reprise.forge.repositories import GitRepository
from reprise.forge.store import now

router = APIRouter()
FIRST_BRANCH = "main"
GRANTS: dict[str, Permission] = {
    "pull": Permission.READ,
    "read": Permission.READ,
    "push": Permission.WRITE,
    "write": Permission.WRITE,
    "admin": Permission.ADMIN,
}


@router.get("/user")
def me(call: Asking) -> JSON:
    return _user(call, call.signed_in())


@router.get("/users/{login}")
def somebody(login: str, call: Asking) -> JSON:
    return _user(call, call.person(login))


@router.get("/users/{login}/repos")
def public_repositories(login: str, call: Asking, request: Request) -> JSONResponse:
    """Public ones only, also for their owner, as on GitHub."""
    found = call.store.all(Repository, owner=call.person(login).login, private=False)
    return _listed(call, request, found)


@router.get("/user/repos")
def own_repositories(call: Asking, request: Request) -> JSONResponse:
    """What the caller owns or was invited to."""
    who = call.signed_in().login
    own = [each for each in call.store.all(Repository) if _belongs(call, each, who)]
    return _listed(call, request, own)


def _belongs(call: Call, repository: Repository, login: str) -> bool:
    return call.store.owns(login, repository.owner) or call.store.is_member(repository, login)


def _listed(call: Call, request: Request, found: list[Repository]) -> JSONResponse:
    page = Page(request)
    found.sort(key=lambda each: (each.pushed_at, each.id), reverse=True)
    return page.reply([views.repository(call, each) for each in page.of(found)], total=len(found))


def _user(call: Call, who: User) -> JSON:
    public = call.store.all(Repository, owner=who.login, private=False)
    return people.public_user(call.links, who, repositories=len(public), since=now())


@router.get("/rate_limit")
def rate_limit(call: Asking) -> JSON:
    """Asking costs nothing."""
    left = call.forge.meter.take(caller(call.grant or call.user or call.app), 0)
    core = {"limit": left.limit, "used": left.used, "remaining": left.remaining, "reset": left.reset}
    return {"resources": {"core": core, "search": core}, "rate": core}


@router.post("/user/repos", status_code=201)
def create(call: Asking, raw: Raw) -> JSON:
    return _create(call, call.signed_in(), call.signed_in(), raw)


@router.post("/orgs/{login}/repos", status_code=201)
def create_in_organization(login: str, call: Asking, raw: Raw) -> JSON:
    who, organization = call.signed_in(), _organization(call, login)
    if not call.store.owns(who.login, organization.login):
        raise no_permission()
    return _create(call, who, organization, raw)


@router.get("/orgs/{login}/repos")
def of_organization(login: str, call: Asking, request: Request) -> JSONResponse:
    """What the caller may see of it."""
    found = call.store.all(Repository, owner=_organization(call, login).login)
    return _listed(call, request, [each for each in found if at_least(call.role(each), Permission.READ)])


def _organization(call: Call, login: str) -> User:
    found = call.person(login)
    if found.kind != "Organization":
        raise not_found()
    return found


def _create(call: Call, who: User, owner: User, raw: bytes) -> JSON:
    wanted = parse(NewRepository, raw, "Repository")
    made = _add(
        call, owner=owner.login, name=wanted.name, description=wanted.description, private=wanted.private
    )
    _announce(call, made, who)
    return views.full_repository(call, made)


def _announce(call: Call, made: Repository, who: User) -> None:
    announce_new_repository(call, made, who.login)
    life.announce(call, made, "created", who, {})


def _add(
    call: Call,
    *,
    owner: str,
    name: str,
    description: str | None,
    private: bool,
    source: Repository | None = None,
) -> Repository:
    at = now()
    with call.store.changing():
        if name.endswith(".git") or call.store.one(Repository, owner=owner, name=name):
            raise invalid("Repository", "name", "custom", "name already exists on this account")
        made = call.store.add(
            Repository,
            owner=owner,
            name=name,
            description=description,
            private=private,
            default_branch=source.default_branch if source else FIRST_BRANCH,
            fork_of=source.id if source else None,
            created_at=at,
            pushed_at=source.pushed_at if source else at,
        )
        _git_of(call, made).create(copy_of=call.git(source) if source else None)
    return made


def _git_of(call: Call, made: Repository) -> GitRepository:
    git = call.git(made)
    git.path.parent.mkdir(exist_ok=True)
    return git


@router.get("/repos/{owner}/{name}")
def show(owner: str, name: str, call: Asking) -> JSON:
    return views.full_repository(call, call.repository(owner, name))


@router.post("/repos/{owner}/{name}/forks", status_code=202)
def fork(owner: str, name: str, call: Asking, raw: Raw) -> JSON:
    source = call.repository(owner, name)
    who = call.signed_in()
    wanted = parse(NewFork, raw, "Repository")
    if who.login == source.owner:
        raise Problem(403, "You cannot fork your own repository.")
    if existing := call.store.one(Repository, owner=who.login, fork_of=source.id):
        return views.full_repository(call, existing)
    made = _add(
        call,
        owner=who.login,
        name=wanted.name or source.name,
        description=source.description,
        private=source.private,
        source=source,
    )
    _announce(call, made, who)
    return views.full_repository(call, made)


@router.put("/repos/{owner}/{name}/collaborators/{login}", status_code=204)
def add_collaborator(owner: str, name: str, login: str, call: Asking, raw: Raw) -> Response:
    """Invitations count as accepted at once, which is the reply that GitHub gives inside an organisation."""
    repository = call.repository(owner, name, Permission.ADMIN)
    wanted = parse(Membership, raw, "Repository")
    call.store.set_role(repository, call.person(login).login, GRANTS[wanted.permission])
    return Response(status_code=204)


@router.get("/repos/{owner}/{name}/collaborators/{login}/permission")
def permission(owner: str, name: str, login: str, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    call.signed_in()
    if not at_least(call.role(repository), Permission.WRITE):
        raise Problem(403, "Must have push access to view collaborator permission.")
    who = call.person(login)
    return people.collaborator(call.links, who, call.store.role(repository, who.login))
