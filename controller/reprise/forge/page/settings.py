"""Pages of Apps: create one from a manifest, install it, change where it is installed.

The manifest comes from another program's page, so it is only shown; what a form of ours then sends counts,
from somebody who signed in or who shows an account's token in the form itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.forge import app_events, manifests
from reprise.forge.access import Call
from reprise.forge.api.bodies import read_body
from reprise.forge.granted import repositories_of
from reprise.forge.manifests import Manifest
from reprise.forge.page.rendering import page
from reprise.forge.page.sessions import AnyForm, Visiting, require_own_page
from reprise.forge.problems import Problem, not_found
from reprise.forge.records import App, Installation, Repository, User

router = APIRouter(default_response_class=HTMLResponse)


# --- a new App -------------------------------------------------------------------------------------


@router.get("/settings/apps/new")
@router.get("/organizations/{account}/settings/apps/new")
def ask_for_manifest(call: Visiting, account: str = "") -> Response:
    return _new_app(call, account, None, "", "")


async def manifest_form(request: Request) -> dict[str, str]:
    """From wherever it comes: showing a manifest changes nothing."""
    return dict(await _pairs(request))


async def _pairs(request: Request) -> list[tuple[str, str]]:
    return parse_qsl((await read_body(request)).decode(errors="replace"), keep_blank_values=True)


@router.post("/settings/apps/new")
@router.post("/organizations/{account}/settings/apps/new")
def show_manifest(
    call: Visiting,
    fields: Annotated[dict[str, str], Depends(manifest_form)],
    account: str = "",
    state: str = "",
) -> Response:
    text = fields.get("manifest", "")
    try:
        manifest = manifests.read(text)
    except Problem as error:
        return _new_app(call, account, None, text, "", refused=error)
    return _new_app(call, account, manifest, text, state or fields.get("state", ""))


def _new_app(
    call: Call,
    account: str,
    manifest: Manifest | None,
    text: str,
    state: str,
    *,
    refused: Problem | None = None,
) -> Response:
    prefix = f"/organizations/{account}" if account else ""
    made = page(
        "app_new.html",
        call,
        f"{prefix}/settings/apps/new",
        account=account,
        manifest=manifest,
        grants=_grants(manifest.default_permissions if manifest else {}),
        text=text,
        state=state,
        says=refused.sentence if refused else None,
    )
    made.status_code = refused.status if refused else 200
    return made


@router.post("/settings/apps")
def create(call: Visiting, fields: AnyForm) -> Response:
    user = _who(call, fields)
    account, text, state = (fields.get(name, "") for name in ("account", "manifest", "state"))
    manifest = None
    try:
        manifest = manifests.read(text)
        app, code = manifests.create(
            call.store, _owner(call, user, account), manifest, fields.get("name", "")
        )
    except Problem as error:
        return _new_app(call, account, manifest, text, state, refused=error)
    if manifest.redirect_url is None:
        return RedirectResponse(f"/apps/{app.slug}", 303)
    return RedirectResponse(manifests.back(manifest.redirect_url, code, state), 303)


def _who(call: Call, fields: dict[str, str]) -> User:
    found = call.user or call.store.user_of_token(fields.get("token", "").strip())
    if found is None:
        raise Problem(403, "Sign in first, or give the token of an account.")
    return found


def _owner(call: Call, user: User, account: str) -> User:
    """The account that is to own something: one's own, or an organisation that one owns."""
    if account and not call.store.owns(user.login, account):
        raise Problem(403, f"{user.login} does not own {account}.")
    return call.person(account or user.login)


# --- installing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Installing:
    """What the form of an installation sent."""

    fields: dict[str, str]
    repositories: frozenset[str]
    """Names in lower case."""


async def installing_form(request: Request) -> Installing:
    require_own_page(request)
    pairs = await _pairs(request)
    return Installing(dict(pairs), frozenset(value.lower() for name, value in pairs if name == "repository"))


InstallingForm = Annotated[Installing, Depends(installing_form)]


@router.get("/apps/{slug}")
def app(slug: str, call: Visiting) -> Response:
    found = _app(call, slug)
    return page("app.html", call, f"/apps/{slug}", app=found, grants=_grants(found.grants))


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
        grants=_grants(found.grants),
        accounts=owned,
        account=chosen,
        repositories=call.store.all(Repository, owner=chosen.login) if chosen else [],
    )


@router.post("/apps/{slug}/installations/new")
def install(slug: str, call: Visiting, form: InstallingForm) -> Response:
    found = _app(call, slug)
    user = _who(call, form.fields)
    account = _owner(call, user, form.fields.get("account", ""))
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
        grants=_grants(app.grants),
        allowed=_may_change(call, found),
        repositories=call.store.all(Repository, owner=found.account) if _may_change(call, found) else [],
        chosen={each.id for each in repositories_of(call.store, found)},
    )


@router.post("/settings/installations/{installation_id}")
def change(installation_id: int, call: Visiting, form: InstallingForm) -> Response:
    """Whatever button was pressed: ``do`` is save, suspend, unsuspend or uninstall."""
    found = _installation(call, installation_id)
    user = _who(call, form.fields)
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


def _grants(permissions: Mapping[str, str]) -> dict[str, list[str]]:
    """Levels with the permissions that have them, as GitHub lists what is asked for."""
    by_level: dict[str, list[str]] = {}
    for name, level in sorted(permissions.items()):
        by_level.setdefault(level, []).append(name.replace("_", " "))
    return by_level
