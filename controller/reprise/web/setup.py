"""``/setup``: one button that makes the GitHub App, and afterwards what is left to do. Private."""

import json
import secrets

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.adapters.github.manifest import Addresses, manifest, new_app_page, site, webhook_url
from reprise.adapters.github.needs import PERMISSIONS, missing_events, missing_permissions
from reprise.adapters.github.onboarding import Onboarding
from reprise.domain.errors import RepriseError, Retryable, UserError
from reprise.web.access import Guard, host_of
from reprise.web.context import Context
from reprise.web.pages import page

PATH = "/setup"
BACK = "/setup/created"


def setup_routes(context: Context, onboarding: Onboarding, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[Depends(guard)])
    public_url = context.world.pages

    @router.get(PATH)
    def show(request: Request, organization: str = "", setup_action: str = "") -> HTMLResponse:
        """GitHub sends whoever installed the App here too, with a ``setup_action``."""
        if onboarding.has_app:
            if setup_action:
                context.look()
            hook = webhook_url(public_url, onboarding.api_url)
            return _standing(context, onboarding, hook if context.webhook_secrets() else None)
        return _asking(context, onboarding, _addresses(request, public_url), organization.strip())

    @router.get(BACK)
    def created(state: str = "", code: str = "") -> Response:
        """GitHub sends the browser here. The address holds the code, so it is left at once."""
        try:
            onboarding.make(state, code)
        except RepriseError as error:
            return _problem(str(error), 502 if isinstance(error, Retryable) else 400)
        except OSError as error:
            return _problem(
                f"the App was made, but its key could not be kept ({error.strerror}): free some space or "
                "correct the permissions of the state folder, delete the App on GitHub, and begin again "
                "at /setup",
                500,
            )
        return RedirectResponse(PATH, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    return router


def _asking(
    context: Context, onboarding: Onboarding, addresses: Addresses, organisation: str
) -> HTMLResponse:
    problem = ""
    try:
        target = new_app_page(onboarding.api_url, onboarding.new_state(), organisation)
    except UserError as error:
        problem, organisation = str(error), ""
        target = new_app_page(onboarding.api_url, onboarding.new_state())
    shown = page(
        "setup.html",
        400 if problem else 200,
        target=target,
        manifest=json.dumps(manifest(addresses, onboarding.api_url, suffix=secrets.token_hex(3))),
        organisation=organisation,
        problem=problem,
        permissions=PERMISSIONS,
        delivered=webhook_url(addresses.public, onboarding.api_url),
        polling=context.intake if context.polls else None,
        github=site(onboarding.api_url),
    )
    policy = shown.headers["Content-Security-Policy"]
    allowed = f"form-action 'self' {site(onboarding.api_url)}"
    shown.headers["Content-Security-Policy"] = policy.replace("form-action 'none'", allowed)
    return shown


def _standing(context: Context, onboarding: Onboarding, delivered: str | None) -> HTMLResponse:
    try:
        standing = onboarding.standing()
    except RepriseError as error:
        return _problem(str(error), 502)
    return page(
        "app.html",
        app=standing,
        lacking={
            each.account.login: [*missing_permissions(each.permissions), *missing_events(each.events)]
            for each in standing.installations
        },
        configured=onboarding.configured,
        delivered=delivered,
        polling=context.intake if context.polls else None,
        watched=context.watched.entries,
    )


def _problem(message: str, status: int) -> HTMLResponse:
    return page("problem.html", status, title="The GitHub App", message=message)


def _addresses(request: Request, public_url: str | None) -> Addresses:
    """The browser comes back to where it is signed in; deliveries go where GitHub reaches us."""
    own = str(request.base_url).rstrip("/")
    if public_url is not None and host_of(public_url) == request.url.hostname:
        own = public_url.rstrip("/")
    return Addresses(back=f"{own}{BACK}", home=f"{own}{PATH}", public=public_url)
