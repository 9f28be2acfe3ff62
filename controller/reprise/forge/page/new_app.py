"""The pages on which an App is made of a manifest.

The manifest comes from another program's page, so it is only shown; what a form of ours then sends counts,
from somebody who signed in or who shows an account's token in the form itself.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.forge import manifests
from reprise.forge.access import Call
from reprise.forge.manifests import Manifest
from reprise.forge.page import acting
from reprise.forge.page.rendering import page
from reprise.forge.page.sessions import AnyForm, Visiting
from reprise.forge.problems import Problem

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/settings/apps/new")
@router.get("/organizations/{account}/settings/apps/new")
def ask_for_manifest(call: Visiting, account: str = "") -> Response:
    return _new_app(call, account, None, "", "")


async def manifest_form(request: Request) -> dict[str, str]:
    """From wherever it comes: showing a manifest changes nothing."""
    return dict(await acting.sent(request))


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
        grants=acting.by_level(manifest.default_permissions if manifest else {}),
        text=text,
        state=state,
        says=refused.sentence if refused else None,
    )
    made.status_code = refused.status if refused else 200
    return made


@router.post("/settings/apps")
def create(call: Visiting, fields: AnyForm) -> Response:
    user = acting.person(call, fields)
    account, text, state = (fields.get(name, "") for name in ("account", "manifest", "state"))
    manifest = None
    try:
        manifest = manifests.read(text)
        app, code = manifests.create(
            call.store, acting.owner_of(call, user, account), manifest, fields.get("name", "")
        )
    except Problem as error:
        return _new_app(call, account, manifest, text, state, refused=error)
    if manifest.redirect_url is None:
        return RedirectResponse(f"/apps/{app.slug}", 303)
    return RedirectResponse(manifests.back(manifest.redirect_url, code, state), 303)
