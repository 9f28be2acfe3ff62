"""What people do on the pages: sign in, comment, press the buttons of a check run. Each does what the same
call of the API does, as the one who is signed in, and leads back to the page.
"""

import json
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reprise.domain.forge import Permission
from reprise.forge.api import checks, comments
from reprise.forge.page import sessions
from reprise.forge.page.rendering import page
from reprise.forge.page.sessions import AnyForm, Sent, Visiting

router = APIRouter(default_response_class=HTMLResponse)
Kind = Literal["commit", "issue"]


# --- signing in ------------------------------------------------------------------------------------


@router.get("/login")
def sign_in_page(call: Visiting, to: str = "/", ticket: str = "") -> Response:
    """The form, or what a one-time address of the command line leads to."""
    if ticket and (user := sessions.ticket_user(call.store, ticket)):
        return sessions.signed_in(call, user, to)
    return page("login.html", call, "/login", to=sessions.own_path(to), wrong=False)


@router.post("/login")
def sign_in(call: Visiting, fields: AnyForm) -> Response:
    to = sessions.own_path(fields.get("to", "/"))
    user = call.store.user_of_token(fields.get("token", "").strip())
    if user is None:
        reply = page("login.html", call, "/login", to=to, wrong=True)
        reply.status_code = 401
        return reply
    return sessions.signed_in(call, user, to)


@router.post("/logout")
def sign_out(request: Request, form: Sent) -> Response:
    return sessions.signed_out(form.call, request.cookies.get(sessions.COOKIE))


# --- comments --------------------------------------------------------------------------------------


@router.post("/{owner}/{name}/pull/{number}/comments")
def comment_on_pull(owner: str, name: str, number: int, form: Sent) -> Response:
    made = comments.comment_in_conversation(owner, name, number, form.call, _body(form))
    return _back(made["html_url"])


@router.post("/{owner}/{name}/commit/{sha}/comments")
def comment_on_commit(owner: str, name: str, sha: str, form: Sent) -> Response:
    made = comments.comment_on_commit(owner, name, sha, form.call, _body(form))
    return _back(made["html_url"])


@router.post("/{owner}/{name}/comments/{kind}/{comment_id}")
def change_comment(owner: str, name: str, kind: Kind, comment_id: int, form: Sent) -> Response:
    """Edited, or deleted where that button was pressed."""
    if "delete" in form.fields:
        delete = comments.delete_commit_comment if kind == "commit" else comments.delete_issue_comment
        delete(owner, name, comment_id, form.call)
        return _back(sessions.own_path(form.fields.get("to", "/")))
    edit = comments.edit_commit_comment if kind == "commit" else comments.edit_issue_comment
    return _back(edit(owner, name, comment_id, form.call, _body(form))["html_url"])


def _body(form: sessions.Form) -> bytes:
    return json.dumps({"body": form.fields.get("body", "")}).encode()


# --- check runs ------------------------------------------------------------------------------------


@router.post("/{owner}/{name}/runs/{check_run_id}")
def press(owner: str, name: str, check_run_id: int, form: Sent) -> Response:
    """The button ``action`` of a check run, or else Re-run."""
    repository = form.call.repository(owner, name, Permission.WRITE)
    run = checks.check_run_of(form.call, repository, check_run_id)
    identifier = form.fields.get("action")
    if identifier is None:
        checks.ask_again(form.call, repository, run, form.user)
        return _back(f"{form.call.links.check_page(run, repository)}?asked=again")
    checks.ask_action(form.call, repository, run, identifier, form.user)
    return _back(f"{form.call.links.check_page(run, repository)}?asked=action")


def _back(to: str) -> Response:
    return RedirectResponse(to, 303)
