"""Request bodies of check runs. GitHub checks these with a schema, hence other words for what is wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from reprise.forge.api.bodies import Body, document
from reprise.forge.problems import Problem
from reprise.forge.replies.people import JSON

MAX_OUTPUT = 65_535
MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3
Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"]
"""``stale`` is among GitHub's words too, but only GitHub itself may say it."""


def _utc(value: str) -> str:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _http(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("no web address")
    return value


Time = Annotated[str, AfterValidator(_utc)]
Address = Annotated[str, AfterValidator(_http)]
LongText = Annotated[str, Field(max_length=MAX_OUTPUT)]
Line = Annotated[int, Field(ge=1)]


class NewAnnotation(Body):
    path: str
    start_line: Line
    end_line: Line
    annotation_level: Literal["notice", "warning", "failure"]
    message: Annotated[str, Field(max_length=64 * 1024)]
    start_column: int | None = None
    end_column: int | None = None
    title: Annotated[str, Field(max_length=255)] | None = None
    raw_details: Annotated[str, Field(max_length=64 * 1024)] | None = None


class NewAction(Body):
    label: Annotated[str, Field(max_length=20)]
    description: Annotated[str, Field(max_length=40)]
    identifier: Annotated[str, Field(max_length=20)]


class NewOutput(Body):
    title: str
    summary: LongText
    text: LongText | None = None
    annotations: Annotated[list[NewAnnotation], Field(max_length=MOST_ANNOTATIONS)] = Field(
        default_factory=list
    )


class OutputChange(NewOutput):
    title: str = ""
    """Empty: as it was."""


class NewCheckRun(Body):
    name: Annotated[str, Field(min_length=1)]
    head_sha: str
    details_url: Address | None = None
    external_id: str = ""
    status: Status = "queued"
    started_at: Time | None = None
    conclusion: Conclusion | None = None
    completed_at: Time | None = None
    output: NewOutput | None = None
    actions: Annotated[list[NewAction], Field(max_length=MOST_ACTIONS)] = Field(default_factory=list)


class CheckRunChange(Body):
    """What is absent stays as it was."""

    name: Annotated[str, Field(min_length=1)] | None = None
    details_url: Address | None = None
    external_id: str | None = None
    status: Status | None = None
    started_at: Time | None = None
    conclusion: Conclusion | None = None
    completed_at: Time | None = None
    output: OutputChange | None = None
    actions: Annotated[list[NewAction], Field(max_length=MOST_ACTIONS)] | None = None


Model = TypeVar("Model", NewCheckRun, CheckRunChange)


def parse(model: type[Model], raw: bytes) -> Model:
    """Raises Problem 422 for what GitHub refuses, among it an end without a conclusion."""
    try:
        found = model.model_validate(document(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _invalid(_says(first["type"], first["loc"], first["input"], first.get("ctx", {}))) from None
    ended = found.status == "completed" or found.completed_at is not None
    if ended and found.conclusion is None:
        raise _invalid('"conclusion" wasn\'t supplied.')
    return found


def _invalid(says: str) -> Problem:
    return Problem(422, f"Invalid request.\n\n{says}")


def _says(kind: str, where: tuple[int | str, ...], given: Any, context: JSON) -> str:
    sentence = SENTENCES.get(kind)
    place = "/".join(str(part) for part in where)
    if kind == "missing":
        return f'"{where[-1]}" wasn\'t supplied.'
    return sentence(given, context) if sentence else f"For '{place}', {_shown(given)} is not valid."


def _shown(given: Any) -> str:
    return json.dumps(given, ensure_ascii=False, default=str)[:200]


SENTENCES: dict[str, Callable[[Any, JSON], str]] = {
    "string_too_long": lambda given, limit: (
        f"Only {limit['max_length']} characters are allowed; {len(given)} were supplied."
    ),
    "too_long": lambda given, limit: (
        f"No more than {limit['max_length']} items are allowed; {len(given)} were supplied."
    ),
    "string_type": lambda given, _: f"{_shown(given)} is not a string.",
    "int_type": lambda given, _: f"{_shown(given)} is not an integer.",
    "literal_error": lambda given, allowed: f"{_shown(given)} is not a member of [{allowed['expected']}].",
    "value_error": lambda given, _: f"{_shown(given)} is not valid here.",
}
