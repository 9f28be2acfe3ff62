"""The webhooks of a repository, which only its admins may see, and that of our App.

Called by `api` inside the client's guard.
"""

from github import Github
from pydantic import BaseModel, ConfigDict

from reprise.domain.forge import Hook


class _Config(BaseModel):
    url: str = ""
    content_type: str = "form"


class _LastResponse(BaseModel):
    code: int | None = None


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")

    active: bool
    events: list[str]
    config: _Config
    last_response: _LastResponse = _LastResponse()


def app_hook(github: Github) -> str | None:
    _, reply = github.requester.requestJsonAndCheck("GET", "/app/hook/config")
    return _Config.model_validate(reply).url or None


def hook(entry: object) -> Hook:
    """Of one entry of GitHub's list."""
    found = _Listed.model_validate(entry)
    json = found.config.content_type == "json"
    return Hook(found.config.url, frozenset(found.events), found.active, json, found.last_response.code)
