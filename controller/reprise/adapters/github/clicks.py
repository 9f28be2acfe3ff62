"""Deliveries about check runs of ours that somebody wants again. Part of `webhook`.

GitHub sends them to the App whose check it is, and to nobody else: one check's button or "Re-run", or
"Re-run all checks", which is about the commit.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, Field

from reprise.adapters.github.fields import Account, FullSha, Name, Repository
from reprise.domain.check import REPRODUCE
from reprise.domain.event import CheckClicked, Event, Ignored
from reprise.domain.run import Sha


class _CheckRun(BaseModel):
    external_id: Annotated[Name, Field(max_length=40)] | None = None
    """Ours name their run; others say what they like."""
    head_sha: FullSha


class _Button(BaseModel):
    identifier: str


class _CheckRunEvent(BaseModel):
    action: str
    check_run: _CheckRun
    requested_action: _Button | None = None
    repository: Repository
    sender: Account


class _CheckSuite(BaseModel):
    head_sha: FullSha


class _CheckSuiteEvent(BaseModel):
    action: str
    check_suite: _CheckSuite
    repository: Repository
    sender: Account


def _read_check_run(body: bytes) -> Event:
    event = _CheckRunEvent.model_validate_json(body)
    repository, check = event.repository, event.check_run
    button = event.requested_action.identifier if event.requested_action is not None else None
    pressed = event.action == "requested_action" and button == REPRODUCE.identifier
    if event.action != "rerequested" and not pressed:
        return Ignored(repository.full_name, "check run not asked for again")
    if not check.external_id:
        return Ignored(repository.full_name, "check run of somebody else")
    return _clicked(repository, check.external_id, check.head_sha, event.sender)


def _read_check_suite(body: bytes) -> Event:
    event = _CheckSuiteEvent.model_validate_json(body)
    if event.action != "rerequested":
        return Ignored(event.repository.full_name, "checks not asked for again")
    return _clicked(event.repository, None, event.check_suite.head_sha, event.sender)


def _clicked(repository: Repository, run_id: str | None, sha: str, sender: Account) -> Event:
    if sender.type == "Bot":
        return Ignored(repository.full_name, "click by a bot")
    return CheckClicked(repository.id, repository.full_name, run_id, Sha(sha), sender.login)


CLICKS: dict[str, Callable[[bytes], Event]] = {
    "check_run": _read_check_run,
    "check_suite": _read_check_suite,
}
