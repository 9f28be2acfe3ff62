"""Check runs: made and changed by the App that owns them, read by everybody who may read the repository."""

import json

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.domain.forge import Permission
from reprise.forge import check_events, views
from reprise.forge.access import Asking, Call
from reprise.forge.api.bodies import Raw
from reprise.forge.api.check_bodies import CheckRunChange, NewCheckRun, NewOutput, parse
from reprise.forge.api.commits import commit_sha
from reprise.forge.api.paging import Page
from reprise.forge.checks import COMPLETED, Annotation, CheckRun, CheckSuite, latest_of_each
from reprise.forge.problems import Problem, no_commit, not_found
from reprise.forge.records import Repository, User
from reprise.forge.replies.people import JSON
from reprise.forge.repositories import GitRepository
from reprise.forge.store import now

router = APIRouter()
FOLDER = "/repos/{owner}/{name}/check-runs"


@router.post(FOLDER, status_code=201)
def create(owner: str, name: str, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name)
    app_id = _writing_app(call)
    wanted = parse(NewCheckRun, raw)
    if call.git(repository).object_type(wanted.head_sha) != "commit":
        raise no_commit(wanted.head_sha)
    with call.store.changing():
        suite = _suite(call, repository, app_id, wanted.head_sha)
        made = _add(call, suite, wanted)
        _annotate(call, made, wanted.output)
    check_events.announce(call, repository, made, "created")
    if made.completed:
        check_events.announce(call, repository, made, "completed")
    return views.check_run(call, repository, made)


@router.patch(FOLDER + "/{check_run_id}")
def edit(owner: str, name: str, check_run_id: int, call: Asking, raw: Raw) -> JSON:
    repository = call.repository(owner, name)
    app_id = _writing_app(call)
    wanted = parse(CheckRunChange, raw)
    with call.store.changing():
        before = check_run_of(call, repository, check_run_id)
        if before.app_id != app_id:
            says = "check run can only be modified by the GitHub App that created it."
            raise Problem(403, f"Invalid app_id `{app_id}` - {says}")
        after = call.store.change(CheckRun, before.id, **_changes(before, wanted), updated_at=now())
        _annotate(call, after, wanted.output)
    if after.completed and not before.completed:
        check_events.announce(call, repository, after, "completed")
    return views.check_run(call, repository, after)


@router.get(FOLDER + "/{check_run_id}")
def show(owner: str, name: str, check_run_id: int, call: Asking) -> JSON:
    repository = call.repository(owner, name)
    return views.check_run(call, repository, check_run_of(call, repository, check_run_id))


@router.get("/repos/{owner}/{name}/commits/{ref:path}/check-runs")
def listed(owner: str, name: str, ref: str, call: Asking, request: Request) -> JSONResponse:
    """The latest of each App and name (``filter=all``: every one), newest first."""
    repository = call.repository(owner, name)
    sha = commit_sha(call, repository, ref)
    every = call.store.all(CheckRun, repository_id=repository.id, sha=sha)
    asked = request.query_params
    chosen = every if asked.get("filter") == "all" else latest_of_each(every)
    found = [run for run in chosen[::-1] if _wanted(run, asked.get("check_name"), asked.get("status"))]
    if "app_id" in asked:
        found = [run for run in found if str(run.app_id) == asked["app_id"]]
    page = Page(request)
    shown = [views.check_run(call, repository, each) for each in page.of(found)]
    return page.reply({"total_count": len(found), "check_runs": shown}, total=len(found))


def _wanted(run: CheckRun, name: str | None, status: str | None) -> bool:
    return name in (None, run.name) and status in (None, run.status)


@router.get(FOLDER + "/{check_run_id}/annotations")
def annotations(owner: str, name: str, check_run_id: int, call: Asking, request: Request) -> JSONResponse:
    repository = call.repository(owner, name)
    run = check_run_of(call, repository, check_run_id)
    found = call.store.all(Annotation, check_run_id=run.id)
    page = Page(request)
    return page.reply([views.annotation(call, repository, run, a) for a in page.of(found)], total=len(found))


@router.post(FOLDER + "/{check_run_id}/rerequest", status_code=201)
def rerequest(owner: str, name: str, check_run_id: int, call: Asking) -> JSON:
    """Asks the App to run it again; the check run stays as it is until the App changes it."""
    repository = call.repository(owner, name, Permission.WRITE)
    ask_again(call, repository, check_run_of(call, repository, check_run_id), call.signed_in())
    return {}


def ask_again(call: Call, repository: Repository, run: CheckRun, sender: User) -> None:
    """Raises Problem 422 as long as it has not ended."""
    if not run.completed:
        raise Problem(422, "This check run is not rerequestable")
    check_events.announce(call, repository, run, "rerequested", sender=sender)


def ask_action(call: Call, repository: Repository, run: CheckRun, identifier: str, sender: User) -> None:
    """A button was pressed. Raises Problem 422 when the run has no such button now."""
    if identifier not in [button.identifier for button in run.buttons]:
        raise Problem(422, "This check run has no such action")
    check_events.announce(call, repository, run, "requested_action", sender=sender, identifier=identifier)


def check_run_of(call: Call, repository: Repository, check_run_id: int) -> CheckRun:
    found = call.store.one(CheckRun, id=check_run_id, repository_id=repository.id)
    if found is None:
        raise not_found()
    return found


# --- writing ---------------------------------------------------------------------------------------


def _writing_app(call: Call) -> int:
    """Only Apps have check runs: neither a token of a person nor nobody may write one."""
    if call.app is None:
        call.signed_in()
        raise Problem(403, "You must authenticate via a GitHub App.")
    return call.app.id


def _suite(call: Call, repository: Repository, app_id: int, sha: str) -> CheckSuite:
    key = {"repository_id": repository.id, "app_id": app_id, "sha": sha}
    found = call.store.one(CheckSuite, **key)
    return found or call.store.add(
        CheckSuite, **key, head_branch=_branch_at(call.git(repository), sha), created_at=now()
    )


def _branch_at(git: GitRepository, sha: str) -> str | None:
    heads = "refs/heads/"
    return next((ref.name.removeprefix(heads) for ref in git.refs(heads) if ref.sha == sha), None)


def _add(call: Call, suite: CheckSuite, wanted: NewCheckRun) -> CheckRun:
    at = now()
    ended = wanted.conclusion is not None
    output = wanted.output
    return call.store.add(
        CheckRun,
        suite_id=suite.id,
        repository_id=suite.repository_id,
        app_id=suite.app_id,
        sha=suite.sha,
        name=wanted.name,
        external_id=wanted.external_id,
        details_url=wanted.details_url,
        status=COMPLETED if ended else wanted.status,
        conclusion=wanted.conclusion,
        started_at=wanted.started_at or at,
        completed_at=(wanted.completed_at or at) if ended else None,
        title=output.title if output else None,
        summary=output.summary if output else None,
        text=output.text if output else None,
        actions=_actions(wanted),
        updated_at=at,
    )


def _changes(before: CheckRun, wanted: CheckRunChange) -> JSON:
    """The columns that change."""
    plain = wanted.model_dump(
        exclude_none=True, include={"name", "details_url", "external_id", "status", "started_at"}
    )
    actions = {"actions": _actions(wanted)} if wanted.actions is not None else {}
    return {**plain, **_output_changes(wanted.output), **actions, **_end(before, wanted)}


def _output_changes(output: NewOutput | None) -> JSON:
    if output is None:
        return {}
    named = {"title": output.title or None, "summary": output.summary, "text": output.text}
    return {name: value for name, value in named.items() if value is not None}


def _end(before: CheckRun, wanted: CheckRunChange) -> JSON:
    """A conclusion completes a run, and another status than completed takes it back."""
    if wanted.conclusion is not None:
        at = wanted.completed_at or before.completed_at or now()
        return {"status": COMPLETED, "conclusion": wanted.conclusion, "completed_at": at}
    return {"conclusion": None, "completed_at": None} if wanted.status is not None else {}


def _actions(wanted: NewCheckRun | CheckRunChange) -> str:
    return json.dumps([each.model_dump() for each in wanted.actions or []])


def _annotate(call: Call, run: CheckRun, output: NewOutput | None) -> None:
    """Annotations are added to those that the run has."""
    for each in output.annotations if output else []:
        call.store.add(Annotation, check_run_id=run.id, **each.model_dump())
