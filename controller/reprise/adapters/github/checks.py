"""Check runs, which only an App may write. Called by `api` inside the client's guard.

A check run is ours when it carries the run's id under its name: a creation whose answer was lost is found
again by these. An edit may be repeated, except that GitHub adds its annotations to those that stand there.
"""

from datetime import UTC, datetime
from typing import Any

from github import GithubException
from github.Repository import Repository as GithubRepository
from pydantic import BaseModel

from reprise.adapters.github.app import PER_PAGE
from reprise.adapters.github.refusal import Intent
from reprise.domain.check import Annotation, Button, Check
from reprise.domain.run import Repository

MAX_PAGES = 10
"""GitHub keeps a thousand of one name."""


class Output(BaseModel):
    annotations_count: int = 0


class Found(BaseModel):
    id: int
    external_id: str | None = None
    output: Output = Output()

    @property
    def annotated(self) -> bool:
        return self.output.annotations_count > 0


class _Page(BaseModel):
    check_runs: list[Found]


def intent(repository: Repository, check: Check) -> Intent:
    return Intent(f"write the check {check.name} of {repository.full_name}", "checks: write")


def find_known(repo: GithubRepository, known_id: int) -> Found | None:
    """None when the forge does not know it, e.g. because the repository was made anew."""
    try:
        return Found.model_validate(_ask(repo, "GET", f"/check-runs/{known_id}"))
    except GithubException as error:
        if error.status == 404:
            return None
        raise


def find(repo: GithubRepository, check: Check) -> Found | None:
    """Of this run on its commit, also one that a later check of the same name hides."""
    for page in range(1, MAX_PAGES + 1):
        query: dict[str, str | int] = {
            "check_name": check.name,
            "filter": "all",
            "per_page": PER_PAGE,
            "page": page,
        }
        reply = _ask(repo, "GET", f"/commits/{check.sha}/check-runs", query=query)
        found = _Page.model_validate(reply).check_runs
        ours = next((each for each in found if each.external_id == check.run_id), None)
        if ours is not None or len(found) < PER_PAGE:
            return ours
    return None


def create(repo: GithubRepository, check: Check) -> int:
    body = {"head_sha": check.sha, **_body(check, annotated=False)}
    return Found.model_validate(_ask(repo, "POST", "/check-runs", body=body)).id


def edit(repo: GithubRepository, check: Check, check_id: int, *, annotated: bool) -> int | None:
    """None when the forge does not know it any more. ``annotated``: it has its annotations already."""
    body = _body(check, annotated=annotated)
    try:
        return Found.model_validate(_ask(repo, "PATCH", f"/check-runs/{check_id}", body=body)).id
    except GithubException as error:
        if error.status == 404:
            return None
        raise


def _body(check: Check, *, annotated: bool) -> dict[str, Any]:
    output: dict[str, Any] = {"title": check.title, "summary": check.summary}
    if check.text:
        output["text"] = check.text
    if check.annotations and not annotated:
        output["annotations"] = [_annotation(each) for each in check.annotations]
    optional = {
        "conclusion": check.conclusion.value if check.conclusion is not None else None,
        "details_url": check.details_url,
        "started_at": _time(check.started_at),
        "completed_at": _time(check.completed_at),
    }
    return {
        "name": check.name,
        "external_id": check.run_id,
        "status": check.state.value,
        **{name: value for name, value in optional.items() if value is not None},
        "output": output,
        "actions": [_action(each) for each in check.actions],
    }


def _annotation(each: Annotation) -> dict[str, Any]:
    optional = {"start_column": each.column, "end_column": each.column, "title": each.title or None}
    return {
        "path": each.path,
        "start_line": each.line,
        "end_line": each.line,
        "annotation_level": each.level.value,
        "message": each.message,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _action(each: Button) -> dict[str, str]:
    return {"label": each.label, "description": each.description, "identifier": each.identifier}


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def _ask(
    repo: GithubRepository,
    verb: str,
    path: str,
    *,
    query: dict[str, str | int] | None = None,
    body: dict[str, Any] | None = None,
) -> Any:
    """Not PyGithub's own calls: its edit of a lazy object reads it first, and it lists without our bound."""
    _, reply = repo.requester.requestJsonAndCheck(verb, repo.url + path, parameters=query, input=body)
    return reply
