"""Request bodies: read within a limit, parsed into narrow models, refused in GitHub's words."""

import json
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from reprise.forge.problems import Problem
from reprise.forge.records import ReactionContent
from reprise.forge.replies.people import JSON

MAX_BODY_BYTES = 1_000_000
MAX_DESCRIPTION = 140
MAX_COMMENT = 65_536


class Body(BaseModel):
    """Unknown keys are ignored, as GitHub does."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


def _not_blank(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("can't be blank")
    return value


def _http(value: object) -> object:
    if isinstance(value, str) and value and not value.startswith(("http://", "https://")):
        raise ValueError("must use http(s) scheme")
    return value or None


CommentText = Annotated[str, BeforeValidator(_not_blank), Field(max_length=MAX_COMMENT)]


RepositoryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,99}[A-Za-z0-9_-]$")]


class NewRepository(Body):
    name: RepositoryName
    description: str | None = None
    private: bool = False
    auto_init: Literal[False] = False
    """True is refused: this forge makes no commits of its own."""


class RepositoryChange(Body):
    name: RepositoryName | None = None
    description: str | None = None
    private: bool | None = None
    visibility: Literal["public", "private"] | None = None
    archived: bool | None = None
    default_branch: str | None = None


class Transfer(Body):
    new_owner: str
    new_name: RepositoryName | None = None


class NewFork(Body):
    name: str | None = None


class Membership(Body):
    permission: Literal["pull", "push", "admin", "read", "write"] = "push"


class NewStatus(Body):
    state: Literal["error", "failure", "pending", "success"]
    target_url: Annotated[str | None, BeforeValidator(_http)] = None
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None = None
    context: Annotated[str, Field(min_length=1, max_length=255)] = "default"


class NewComment(Body):
    body: CommentText


class NewReaction(Body):
    content: Annotated[ReactionContent, Field(strict=False)]


class NewPull(Body):
    title: Annotated[str, BeforeValidator(_not_blank), Field(max_length=256)]
    head: str
    base: str
    body: Annotated[str, Field(max_length=MAX_COMMENT)] | None = None


class PullChange(Body):
    title: Annotated[str, BeforeValidator(_not_blank), Field(max_length=256)] | None = None
    body: Annotated[str, Field(max_length=MAX_COMMENT)] | None = None
    state: Literal["open", "closed"] | None = None


class NewInstallationToken(Body):
    repositories: list[str] = []
    repository_ids: list[int] = []
    permissions: dict[str, str] = {}


class HookConfig(Body):
    url: str
    content_type: Literal["json"]
    secret: str = ""


class HookConfigChange(Body):
    url: str | None = None
    content_type: Literal["json"] = "json"
    secret: str | None = None


class NewHook(Body):
    config: HookConfig
    events: Annotated[list[str], Field(min_length=1)] = ["push"]
    active: bool = True


async def read_body(request: Request) -> bytes:
    """The bytes of a request, or 413 as soon as they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"The request body is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


Raw = Annotated[bytes, Depends(read_body)]
Model = TypeVar("Model", bound=Body)


def parse(model: type[Model], raw: bytes, resource: str) -> Model:
    """``resource`` is GitHub's name for what is being made, used in the refusal."""
    try:
        return model.model_validate(document(raw))
    except ValidationError as error:
        raise Problem(422, "Validation Failed", _errors(error, resource)) from None


def document(raw: bytes) -> JSON:
    """The JSON object that was sent, whatever it says."""
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise Problem(400, "Problems parsing JSON") from None
    if not isinstance(found, dict):
        raise Problem(400, "Body should be a JSON object")
    return found


def _errors(error: ValidationError, resource: str) -> tuple[JSON, ...]:
    """Pydantic's findings as GitHub lists them, one per field."""
    found: dict[str, JSON] = {}
    for each in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in each["loc"] if part != "constrained-str")
        found.setdefault(field, _field_error(resource, field, each["type"], each["msg"], each.get("ctx", {})))
    return tuple(found.values())


def _field_error(resource: str, field: str, kind: str, says: str, context: JSON) -> JSON:
    known = {"resource": resource, "field": field}
    if kind == "missing":
        return {**known, "code": "missing_field"}
    if kind == "string_too_long":
        limit = context["max_length"]
        return {**known, "code": "custom", "message": f"{field} is too long (maximum is {limit} characters)"}
    if kind in ("literal_error", "enum"):
        return {**known, "code": "custom", "message": f"{field} is not included in the list"}
    if kind == "value_error":
        return {**known, "code": "custom", "message": f"{field} {says.removeprefix('Value error, ')}"}
    return {**known, "code": "invalid"}
