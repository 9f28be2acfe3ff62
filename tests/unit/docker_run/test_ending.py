"""What the end of a container means: the Engine's word, our marks, and how far the runner is believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reprise.containers import ending
from reprise.containers.ending import Marks, Seen
from reprise.containers.engine import State, Used
from reprise.domain.run import Reason
from reprise.jobs.outcome import Facts, reason_of
from reprise.ports import Lost

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
STATE = State("id", "exited", 0, False, "", BEGAN, BEGAN + timedelta(seconds=10))
SEEN = Seen(STATE, Marks(), Used(3.0, 1000), log_bytes=5, log_cut=0)


def told(outcome: str = "exited", exit_code: int | None = 0, **more: Any) -> Facts:
    facts = {
        "outcome": outcome, "error": None, "detail": "", "exit_code": exit_code, "signal": None,
        "started_at": BEGAN.timestamp() + 0.1, "seconds": 9.0, "cpu_seconds": 2.0, "peak_memory_bytes": 2000,
        "log_bytes": 5, "log_cut": 0, "problems": (),
    }  # fmt: skip
    return Facts.model_validate({**facts, **more})


def ended(exit_code: int, *, out_of_memory: bool = False, marks: Marks | None = None, **more: Any) -> Seen:
    state = replace(STATE, exit_code=exit_code, out_of_memory=out_of_memory)
    return replace(SEEN, state=state, marks=marks or Marks(), **more)


def reason(seen: Seen, facts: Facts | None) -> Reason:
    found = ending.facts_of(seen, facts)
    assert isinstance(found, Facts), found
    return reason_of(found)


def test_an_honest_end_is_told_by_the_runner() -> None:
    found = ending.facts_of(SEEN, told())

    assert isinstance(found, Facts)
    assert (found.seconds, found.cpu_seconds, found.peak_memory_bytes) == (9.0, 3.0, 2000)
    assert found.started_at == BEGAN.timestamp() + 0.1


@pytest.mark.parametrize(
    ("seen", "facts", "expected"),
    [
        (ended(3), told(exit_code=3), Reason.COMMAND_FAILED),
        (ended(124), told("timed_out", None), Reason.TIMED_OUT),
        (ended(143, marks=Marks(stopped=True)), told("stopped", None), Reason.CANCELLED),
        (ended(137, out_of_memory=True), None, Reason.OUT_OF_MEMORY),
        (ended(137, out_of_memory=True), told(exit_code=137, signal=9), Reason.OUT_OF_MEMORY),
        (ended(0, out_of_memory=True), told(), Reason.COMPLETED),
        (ended(137, marks=Marks(disk="wrote too much")), None, Reason.COMMAND_FAILED),
        (ended(0, marks=Marks(disk="wrote too much")), told(), Reason.COMMAND_FAILED),
        (ended(137, marks=Marks(late=True)), None, Reason.TIMED_OUT),
        (ended(143, marks=Marks(idle="left every GPU idle")), told("stopped", None), Reason.COMMAND_FAILED),
        (ended(137, marks=Marks(stopped=True)), None, Reason.CANCELLED),
        (ended(0, marks=Marks(stopped=True)), told(), Reason.COMPLETED),
        (ended(1, began=False, complaint="SyntaxError"), None, Reason.PYTHON_MISSING),
    ],
)
def test_the_engine_and_our_marks_come_first(seen: Seen, facts: Facts | None, expected: Reason) -> None:
    assert reason(seen, facts) is expected


@pytest.mark.parametrize("exit_code", [7, 125, 137, 143])
def test_a_result_that_disagrees_with_the_container_is_not_believed(exit_code: int) -> None:
    assert isinstance(ending.facts_of(ended(exit_code), told()), Lost)


def test_times_that_cannot_be_are_the_engines() -> None:
    found = ending.facts_of(SEEN, told(started_at=1.0, seconds=1e9))

    assert isinstance(found, Facts)
    assert found.started_at == BEGAN.timestamp()
    assert found.seconds <= 15


@pytest.mark.parametrize(("exit_code", "facts"), [(137, None), (143, told("stopped", None))])
def test_a_trial_that_was_ended_from_outside_is_lost_and_says_so(exit_code: int, facts: Facts | None) -> None:
    lost = ending.facts_of(ended(exit_code), facts)

    assert isinstance(lost, Lost)
    assert "ended from outside" in lost.message


def test_a_container_is_late_when_its_runner_must_have_ended_its_job() -> None:
    limits = {"timeout": timedelta(minutes=1), "grace": timedelta(seconds=10)}

    assert not ending.is_late(STATE, BEGAN + timedelta(seconds=90), **limits)
    assert ending.is_late(STATE, BEGAN + timedelta(seconds=101), **limits)
