"""A disk that is full: with what a job writes, and under the state, while nothing and while a run goes on."""

import sqlite3
import time
from contextlib import closing

import httpx
from tests import deliveries
from tests.chaos.papers import HUNGRY
from tests.chaos.stage import Stage
from tests.disks import full
from tests.integration.spine.controller import until
from tests.integration.spine.town import SECRET

from reprise.domain.run import Reason
from reprise.store.runs import Run

FULL_SECONDS = 6.0
"""How long the disk stays full under a run."""
MOMENTS = {"full-build": "builds/*", "full-trial": "work/*/trials/*/supervisor.json"}
"""tag → what shows that its run is there: then the disk is full."""


def fill_disks(stage: Stage) -> None:
    """In a controller that lives already on a small disk. Raises AssertionError when it does harm."""
    stage.assert_right(stage.push("before"))
    before = stage.usage()
    _full_output(stage)
    _full_while_idle(stage)
    for tag, there in MOMENTS.items():
        _full_while_running(stage, tag, there)
    stage.assert_right(stage.push("after"))
    stage.assert_small(before)
    for database in ("reprise.db", "engine.db"):
        with closing(sqlite3.connect(stage.controller.state / database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    print("both databases are whole", flush=True)


def _full_output(stage: Stage) -> None:
    sha = stage.paper.push_tag(HUNGRY, "hungry")
    run = stage.await_end(sha)
    assert _reason(run) is Reason.COMMAND_FAILED, run.judgement
    (comment,) = stage.paper.comments(sha)
    assert "the disk was nearly full" in comment["body"], comment["body"]
    stage.assert_nothing_left()
    print(f"a job fills the disk: {_said(run)}", flush=True)


def _full_while_idle(stage: Stage) -> None:
    with full(stage.controller.state):
        stored = _until_refused(stage)
        sha = stage.push("while-full")
        ready = stage.controller.asked("/readyz")
        assert (ready.status_code, "disk is full" in ready.text) == (503, True), ready.text
        print(f"readyz: {' '.join(ready.text.split())}", flush=True)
    stage.assert_right(sha)
    with closing(sqlite3.connect(stage.controller.state / "reprise.db")) as rows:
        kept = {name for (name,) in rows.execute("SELECT id FROM deliveries")}
    assert stored <= kept, f"answered with 202 and not there: {stored - kept}"
    print("room again: the tag whose delivery was refused is found and reproduced", flush=True)


def _until_refused(stage: Stage) -> set[str]:
    """The ids of deliveries that were answered with 202 before one found no room."""
    stored: set[str] = set()
    while len(stored) < 400:
        guid = f"full-{len(stored)}"
        answer = _deliver(stage, guid)
        if answer.status_code == 503:
            print(f"a full disk: {len(stored)} deliveries stored, then 503, {answer.json()['message']}")
            return stored
        assert answer.status_code == 202, answer.text
        stored.add(guid)
    raise AssertionError("400 deliveries found room on a full disk")


def _deliver(stage: Stage, guid: str) -> httpx.Response:
    delivery = deliveries.tag_pushed("never", repository="ada/other")
    delivery.payload["padding"] = "x" * 20_000
    headers = delivery.headers(SECRET, guid)
    address = f"{stage.controller.url}/webhooks/github"
    return httpx.post(address, content=delivery.body, headers=headers, timeout=60)


def _full_while_running(stage: Stage, tag: str, there: str) -> None:
    """The run waits for room, or says what was in its way."""
    sha = stage.push(tag, seconds=1.0)
    until(lambda: list(stage.controller.state.glob(there)), seconds=60)
    with full(stage.controller.state):
        time.sleep(FULL_SECONDS)
    run = stage.await_end(sha)
    if _reason(run) is Reason.COMPLETED:
        stage.assert_right(sha)
    else:
        assert _reason(run) is Reason.INFRASTRUCTURE, run.judgement
        assert "disk" in _said(run) or "space" in _said(run), _said(run)
        stage.assert_nothing_left()
    print(f"{tag}: {_said(run)}", flush=True)


def _reason(run: Run) -> Reason | None:
    return run.judgement.reason if run.judgement is not None else None


def _said(run: Run) -> str:
    assert run.judgement is not None
    return f"{run.judgement.verdict.value}, {run.judgement.reason.value}. {run.judgement.message}"
