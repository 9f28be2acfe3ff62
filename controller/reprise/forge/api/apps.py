"""What an App asks about itself with its JWT, and what an installation asks with its token."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from reprise.forge import installing, views
from reprise.forge.access import Asking, Call
from reprise.forge.api.bodies import NewInstallationToken, Raw, parse
from reprise.forge.api.paging import Page
from reprise.forge.app_events import suspend_and_tell, uninstall_and_tell, unsuspend_and_tell
from reprise.forge.granted import repositories_of
from reprise.forge.problems import Problem, not_found
from reprise.forge.records import App, Installation, InstallationToken, Repository
from reprise.forge.replies.people import JSON
from reprise.forge.store import now

router = APIRouter()
NOT_INSTALLED = (
    "You must authenticate with an installation access token in order to list repositories for an "
    "installation."
)
NO_SUCH_REPOSITORY = (
    "There is at least one repository that does not exist or is not accessible to the parent installation."
)


# --- the App itself -------------------------------------------------------------------------------


@router.get("/app")
def me(call: Asking) -> JSON:
    return views.app(call, call.as_app())


@router.get("/apps/{slug}")
def somebody(slug: str, call: Asking) -> JSON:
    found = call.store.one(App, slug=slug)
    if found is None:
        raise not_found()
    return views.app(call, found)


@router.get("/app/installations")
def installations(call: Asking, request: Request) -> JSONResponse:
    app = call.as_app()
    found = call.store.all(Installation, app_id=app.id, deleted_at=None)
    page = Page(request)
    return page.reply([views.installation(call, each) for each in page.of(found)], total=len(found))


@router.get("/app/installations/{installation_id}")
def one(installation_id: int, call: Asking) -> JSON:
    return views.installation(call, _installation(call, installation_id))


@router.delete("/app/installations/{installation_id}", status_code=204)
def uninstall(installation_id: int, call: Asking) -> Response:
    found = _installation(call, installation_id)
    uninstall_and_tell(call, found, call.as_app().owner)
    return Response(status_code=204)


@router.put("/app/installations/{installation_id}/suspended", status_code=204)
def suspend(installation_id: int, call: Asking) -> Response:
    found = _installation(call, installation_id)
    suspend_and_tell(call, found, call.as_app().owner)
    return Response(status_code=204)


@router.delete("/app/installations/{installation_id}/suspended", status_code=204)
def unsuspend(installation_id: int, call: Asking) -> Response:
    found = _installation(call, installation_id)
    unsuspend_and_tell(call, found, call.as_app().owner)
    return Response(status_code=204)


@router.get("/repos/{owner}/{name}/installation")
def of_repository(owner: str, name: str, call: Asking) -> JSON:
    app = call.as_app()
    repository = call.find(owner, name)
    there = installing.installed_on(call.store, repository) if repository else []
    return _mine(call, app, there)


@router.get("/users/{login}/installation")
def of_user(login: str, call: Asking) -> JSON:
    app = call.as_app()
    return _mine(call, app, call.store.all(Installation, account=call.person(login).login, deleted_at=None))


@router.get("/orgs/{login}/installation")
def of_organization(login: str, call: Asking) -> JSON:
    app = call.as_app()
    if call.person(login).kind != "Organization":
        raise not_found()
    return _mine(call, app, call.store.all(Installation, account=login, deleted_at=None))


def _mine(call: Call, app: App, there: Sequence[Installation]) -> JSON:
    found = next((each for each in there if each.app_id == app.id), None)
    if found is None:
        raise not_found()
    return views.installation(call, found)


def _installation(call: Call, installation_id: int) -> Installation:
    app = call.as_app()
    found = call.store.one(Installation, id=installation_id, app_id=app.id, deleted_at=None)
    if found is None:
        raise not_found()
    return found


# --- tokens ---------------------------------------------------------------------------------------


@router.post("/app/installations/{installation_id}/access_tokens", status_code=201)
def new_token(installation_id: int, call: Asking, raw: Raw) -> JSON:
    installation = _installation(call, installation_id)
    wanted = parse(NewInstallationToken, raw, "InstallationToken")
    only = _chosen(call, installation, wanted)
    made = installing.new_token(
        call.store, call.as_app(), installation, only=only, permissions=wanted.permissions or None
    )
    reply: JSON = {
        "token": made.text,
        "expires_at": made.record.expires_at,
        "permissions": made.record.grants,
        "repository_selection": "selected" if only is not None else installation.selection,
    }
    if only is not None:
        reply["repositories"] = [views.repository(call, each) for each in only]
    return reply


def _chosen(call: Call, installation: Installation, wanted: NewInstallationToken) -> list[Repository] | None:
    """None when the token is for everything. Raises Problem 422 for one that is not the installation's."""
    if not wanted.repositories and not wanted.repository_ids:
        return None
    there = repositories_of(call.store, installation)
    names = {name.lower() for name in wanted.repositories}
    ids = set(wanted.repository_ids)
    found = [each for each in there if each.name.lower() in names or each.id in ids]
    if not names <= {each.name.lower() for each in found} or not ids <= {each.id for each in found}:
        raise Problem(422, NO_SUCH_REPOSITORY)
    return found


@router.delete("/installation/token", status_code=204)
def revoke(call: Asking) -> Response:
    if call.grant is None:
        raise Problem(403, NOT_INSTALLED)
    call.store.change(InstallationToken, call.grant.token.id, expires_at=now())
    return Response(status_code=204)


@router.get("/installation/repositories")
def repositories(call: Asking, request: Request) -> JSONResponse:
    grant = call.grant
    if grant is None:
        raise Problem(403, NOT_INSTALLED)
    found = [each for each in repositories_of(call.store, grant.installation) if grant.covers(each)]
    page = Page(request)
    reply: JSON = {
        "total_count": len(found),
        "repository_selection": "selected" if grant.limited else grant.installation.selection,
        "repositories": [views.repository(call, each) for each in page.of(found)],
    }
    return page.reply(reply, total=len(found))
