"""The last step of the manifest flow: GitHub's code for the new App's id, key and webhook secret.

Not through PyGithub: nobody is signed in yet, the code is the proof. Called by `onboarding`.
"""

import re
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from reprise.adapters.github.registration import Registration
from reprise.domain.errors import Refused, Retryable

_CODE = re.compile(r"[\w.-]{1,200}")
_AGAIN = "begin again at /setup"


class _Made(BaseModel):
    id: int
    slug: str
    html_url: str
    pem: str
    webhook_secret: str | None = None


def exchange(api_url: str, code: str, *, timeout: float) -> Registration:
    """A code is good once, for an hour. ``timeout`` in seconds.

    Raises Refused when GitHub does not take the code, Retryable when no answer came: it may then be used up.
    """
    if not _CODE.fullmatch(code):
        raise Refused(f"this is no code of GitHub's: {_AGAIN}")
    address = f"{api_url}/app-manifests/{quote(code)}/conversions"
    try:
        reply = httpx.post(address, timeout=timeout, headers={"Accept": "application/vnd.github+json"})
    except httpx.HTTPError as error:
        raise Retryable(
            f"{api_url} gave no answer about the new App ({type(error).__name__}): load this page again "
            f"within the hour, or {_AGAIN} and delete the App on GitHub that this one left"
        ) from None
    return _read(api_url, reply)


def _read(api_url: str, reply: httpx.Response) -> Registration:
    if reply.status_code >= 500 or reply.status_code in (403, 429):
        raise Retryable(
            f"{api_url} answered {reply.status_code} about the new App: load this page again within the hour"
        )
    if reply.status_code != 201:
        raise Refused(
            f"GitHub does not take the code of the new App ({reply.status_code}): it was used, or is older "
            f"than an hour; delete that App on GitHub and {_AGAIN}"
        )
    try:
        made = _Made.model_validate_json(reply.content)
    except ValidationError:
        raise Refused(
            f"{api_url} gave an answer that is not GitHub's: check REPRISE_GITHUB__API_URL"
        ) from None
    return Registration(
        api_url=api_url,
        id=made.id,
        slug=made.slug,
        html_url=made.html_url,
        private_key=made.pem,
        webhook_secret=made.webhook_secret or "",
    )
