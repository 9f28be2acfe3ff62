"""Templates as replies. No page loads anything from elsewhere or runs a script."""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from reprise.forge.access import Call
from reprise.forge.page import markdown
from reprise.forge.problems import Problem

FOLDER = Path(__file__).parent
REFRESH_SECONDS = 3
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        # A form may lead on to another program of this machine: an App's own page after its manifest.
        "form-action 'self' http://127.0.0.1:* http://localhost:*",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def ago(at: str) -> str:
    """``3 minutes ago``, for a time as the records have it."""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds < 10 else f"{seconds} seconds ago"


def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ago"] = ago
    made.filters["markdown"] = lambda text: Markup(markdown.render(text))  # noqa: S704  it escapes everything
    return made


TEMPLATES = environment()


def page(template: str, call: Call, here: str, *, pending: bool = False, **values: Any) -> HTMLResponse:
    """``here`` is this page's path, to come back to; ``pending`` makes the browser load it again soon."""
    refresh = REFRESH_SECONDS if pending else None
    text = TEMPLATES.get_template(template).render(refresh=refresh, me=call.user, here=here, **values)
    # Without this a browser shows somebody who signed out what was there before.
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(text, headers=headers)


def problem_page(call: Call, error: Problem) -> HTMLResponse:
    title = HTTPStatus(error.status).phrase
    made = page("problem.html", call, "/", status=error.status, title=title, says=f"{error.sentence}")
    made.status_code = error.status
    return made
