"""The pages on which an App is installed, and on which that is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.forge import app_events
from reprise.forge.access import Call
from reprise.forge.granted import repositories_of
from reprise.forge.page import acting
from reprise.forge.page.rendering import page
from reprise.forge.page.sessions import Visiting, require_own_page
from reprise.forge.problems import Problem, not_found
from reprise.forge.records import App, Installation, Repository, User

router = APIRouter(default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Installing:
    """What the form of an installation sent."""

    fields: dict[str, str]
    repositories: frozenset[str]
    """Names in lower case."""


async def installing_form(request: Request) -> Installing:
    require_own_page(request)
    pairs = await acting.sent(request)
    return Installing(dict(pairs), frozenset(value.lower() for name, value in pairs if name == "repository"))


InstallingForm = Annotated[Installing, Depends(installing_form)]


@router.get("/apps/{slug}")
def app(slug: str, call: Visiting) -> Response:
    found = _app(call, slug)
    return page("app.html", call, f"/apps/{slug}", app=found, grants=acting.by_level(found.grants))


@router.get("/apps/{slug}/installations/new")
def choose(slug: str, call: Visiting, account: str = "") -> Response:
    found = _app(call, slug)
    owned = _accounts(call, found)
    chosen = next(
        (each for each in owned if each.login.lower() == account.lower()), owned[0] if owned else None
    )
    return page(
        "app_install.html",
        call,
        f"/apps/{slug}/installations/new",
        app=found,
        grants=acting.by_level(found.grants),
        accounts=owned,
        account=chosen,
        repositories=call.store.all(Repository, owner=chosen.login) if chosen else [],
    )


@router.post("/apps/{slug}/installations/new")
def install(slug: str, call: Visiting, form: InstallingForm) -> Response:
    found = _app(call, slug)
    user = acting.person(call, form.fields)
    account = acting.owner_of(call, user, form.fields.get("account", ""))
    if not found.public and found.owner.lower() != account.login.lower():
        raise Problem(403, f"{found.name} is private: only {found.owner} can install it.")
    chosen = _chosen(call, account.login, form)
    made = app_events.install_and_tell(call, found, account, chosen, user.login)
    if found.setup_url is None:
        return RedirectResponse(f"/settings/installations/{made.id}", 303)
    joint = "&" if "?" in found.setup_url else "?"
    return RedirectResponse(f"{found.setup_url}{joint}installation_id={made.id}&setup_action=install", 303)


@router.get("/settings/installations")
def installations(call: Visiting) -> Response:
    there = [each for each in call.store.all(Installation, deleted_at=None) if _may_change(call, each)]
    return page(
        "installations.html",
        call,
        "/settings/installations",
        installations=[(each, call.store.get(App, each.app_id)) for each in there],
    )


@router.get("/settings/installations/{installation_id}")
def installation(installation_id: int, call: Visiting) -> Response:
    found = _installation(call, installation_id)
    app = call.store.get(App, found.app_id)
    return page(
        "installation.html",
        call,
        f"/settings/installations/{installation_id}",
        installation=found,
        app=app,
        grants=acting.by_level(app.grants),
        allowed=_may_change(call, found),
        repositories=call.store.all(Repository, owner=found.account) if _may_change(call, found) else [],
        chosen={each.id for each in repositories_of(call.store, found)},
    )


@router.post("/settings/installations/{installation_id}")
def change(installation_id: int, call: Visiting, form: InstallingForm) -> Response:
    """Whatever button was pressed: ``do`` is save, suspend, unsuspend or uninstall."""
    found = _installation(call, installation_id)
    user = acting.person(call, form.fields)
    if not call.store.owns(user.login, found.account):
        raise Problem(403, f"Only {found.account} can change this installation.")
    match form.fields.get("do"):
        case "save":
            chosen = _chosen(call, found.account, form)
            app_events.choose_and_tell(call, found, chosen, user.login)
        case "suspend":
            app_events.suspend_and_tell(call, found, user.login)
        case "unsuspend":
            app_events.unsuspend_and_tell(call, found, user.login)
        case "uninstall":
            app_events.uninstall_and_tell(call, found, user.login)
            return RedirectResponse("/settings/installations", 303)
        case _:
            raise Problem(422, "This form names nothing to do.")
    return RedirectResponse(f"/settings/installations/{installation_id}", 303)


def _app(call: Call, slug: str) -> App:
    found = call.store.one(App, slug=slug)
    if found is None:
        raise Problem(404, "There is no App with this name.")
    return found


def _installation(call: Call, installation_id: int) -> Installation:
    found = call.store.one(Installation, id=installation_id, deleted_at=None)
    if found is None:
        raise not_found()
    return found


def _may_change(call: Call, installation: Installation) -> bool:
    return call.user is not None and call.store.owns(call.user.login, installation.account)


def _accounts(call: Call, app: App) -> list[User]:
    """Where whoever is signed in may install it; nobody yet: its owner's account."""
    if call.user is None:
        return [call.person(app.owner)]
    people = [each for each in call.store.all(User) if each.kind != "Bot"]
    mine = [each for each in people if call.store.owns(call.user.login, each.login)]
    return [each for each in mine if app.public or each.login.lower() == app.owner.lower()]


def _chosen(call: Call, account: str, form: Installing) -> Sequence[Repository] | None:
    """None: all of them. Raises Problem 422 when none is chosen."""
    if form.fields.get("selection") == "all":
        return None
    found = [
        each for each in call.store.all(Repository, owner=account) if each.name.lower() in form.repositories
    ]
    if not found:
        raise Problem(422, "Choose at least one repository, or all of them.")
    return found
