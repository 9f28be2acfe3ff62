"""Check runs, their suites and annotations as JSON."""

from dataclasses import dataclass

from reprise.forge.checks import Annotation, CheckRun, CheckSuite
from reprise.forge.links import Links
from reprise.forge.records import Pull, Repository
from reprise.forge.replies.people import JSON, node_id


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What a check run's JSON needs besides its row."""

    app: JSON
    """The App as JSON."""
    pulls: list[JSON]
    """Open pull requests of this repository's own branches at this commit; those of forks are left out."""
    annotations: int


def check_run(links: Links, repository: Repository, what: CheckRun, facts: CheckFacts) -> JSON:
    url = f"{links.api(repository)}/check-runs/{what.id}"
    page = links.check_page(what, repository)
    return {
        "id": what.id,
        "node_id": node_id("CR", what.id),
        "head_sha": what.sha,
        "external_id": what.external_id,
        "url": url,
        "html_url": page,
        "details_url": what.details_url or page,
        "status": what.status,
        "conclusion": what.conclusion,
        "started_at": what.started_at,
        "completed_at": what.completed_at,
        "output": {
            "title": what.title,
            "summary": what.summary,
            "text": what.text,
            "annotations_count": facts.annotations,
            "annotations_url": f"{url}/annotations",
        },
        "name": what.name,
        "check_suite": {"id": what.suite_id},
        "app": facts.app,
        "pull_requests": facts.pulls,
    }


def suite_in_event(
    links: Links,
    repository: Repository,
    what: CheckSuite,
    facts: CheckFacts,
    *,
    state: tuple[str, str | None],
    before: str | None,
    updated_at: str,
) -> JSON:
    """The suite as it stands inside a `check_run` event. ``before`` is the parent of its commit."""
    return {
        "id": what.id,
        "node_id": node_id("CS", what.id),
        "head_branch": what.head_branch,
        "head_sha": what.sha,
        "status": state[0],
        "conclusion": state[1],
        "url": f"{links.api(repository)}/check-suites/{what.id}",
        "before": before,
        "after": what.sha,
        "pull_requests": facts.pulls,
        "app": facts.app,
        "created_at": what.created_at,
        "updated_at": updated_at,
    }


def annotation(links: Links, repository: Repository, what: Annotation, sha: str) -> JSON:
    return {
        "path": what.path,
        "blob_href": f"{links.page(repository)}/blob/{sha}/{what.path}",
        "start_line": what.start_line,
        "start_column": what.start_column,
        "end_line": what.end_line,
        "end_column": what.end_column,
        "annotation_level": what.annotation_level,
        "title": what.title,
        "message": what.message,
        "raw_details": what.raw_details,
    }


def pull_in_check(links: Links, repository: Repository, pull: Pull) -> JSON:
    where = {"id": repository.id, "url": links.api(repository), "name": repository.name}
    return {
        "url": f"{links.api(repository)}/pulls/{pull.number}",
        "id": pull.id,
        "number": pull.number,
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": where},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": where},
    }
