"""What crosses a durable step or stands in a column comes back as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reprise.domain.run import (
    Bar,
    ClaimJudgement,
    Judgement,
    Level,
    Phase,
    Reason,
    Sha,
    TrialPlan,
    TrialResult,
    Verdict,
)
from reprise.ports import Allocation, Built, Commit, Failed, Tracked
from reprise.store.codec import dump, load, load_optional

RESULT = TrialResult(
    plan=TrialPlan(1, 42, probe=True),
    attempt=2,
    reason=Reason.COMPLETED,
    message="",
    exit_code=None,
    seconds=1.5,
    cpu_seconds=0.1,
    peak_memory_bytes=10,
    values={"a": 1, "b": 1.0, "c": "0.93"},
    problems={"d": "no such file"},
    artifacts={"x.csv": None, "y.csv": "ab" * 32},
)
CLAIM = ClaimJudgement(
    "a", Verdict.REPRODUCED, Level.B, "0.93", 0.93, 0.0, Bar("exact", 0.925, 0.935), "equal at 2 decimals"
)
VALUES = [
    Phase.RUNNING,
    Commit(Sha("a" * 40), "b" * 40, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    Built("k", "/env", None, "3.11.7", "uv.lock", "d" * 64, "no hashes", {"numpy": "2.4.0"}),
    Allocation("a", "/work", "this machine, 2 cores", 2),
    Tracked("1", "abc", None),
    Failed(Reason.LOCK_MISSING, "no lock file", "…\x1b[31m\n"),
    TrialPlan(0, 2**31 - 1, probe=False),
    RESULT,
    Judgement(Verdict.REPRODUCED, Level.B, Reason.COMPLETED, "1 of 1", (CLAIM,), ("a note",)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_recorded_type_survives_a_trip_through_json(value: Any) -> None:
    assert load(type(value), json.loads(json.dumps(dump(value)))) == value


def test_nothing_stays_nothing() -> None:
    assert dump(None) is None
    assert load_optional(Failed, None) is None


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)


@given(st.dictionaries(st.text(max_size=5), numbers, max_size=3))
def test_a_metric_keeps_its_kind_and_every_bit(values: dict[str, Any]) -> None:
    """The probe compares bit by bit, and 1 is another value than 1.0 or "1"."""
    result = TrialResult(TrialPlan(0, 0, False), 1, Reason.COMPLETED, "", 0, 1.0, 1.0, 1, values, {}, {})
    back = load(TrialResult, json.loads(json.dumps(dump(result))))
    assert {name: repr(value) for name, value in back.values.items()} == {
        name: repr(value) for name, value in values.items()
    }


def test_data_of_another_version_are_refused() -> None:
    with pytest.raises(ValidationError):
        load(Failed, {"reason": "no-such-reason", "message": ""})
