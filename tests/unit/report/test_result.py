"""What programs read: the JSON object and the exit code."""

import json

import pytest
from tests.unit.report.examples import COMMIT, EXAMPLES, view

from reprise.domain.result import exit_code, result_object
from reprise.domain.run import FAULT, Fault, Judgement, Reason, Verdict

MISSED = (
    "1 of 3 claims not reproduced, worst digits-svm: "
    "got 0.9499, published 0.97: off by −0.0201, allowed ±0.005"
)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("reason", Reason)
def test_exit_code_is_total(verdict: Verdict, reason: Reason) -> None:
    expected = {
        Verdict.REPRODUCED: 0,
        Verdict.NOT_JUDGED: 0,
        Verdict.NOT_REPRODUCED: 1,
        Verdict.INCONCLUSIVE: 2,
        Verdict.NOT_RUN: 3 if FAULT[reason] in (Fault.REPOSITORY, Fault.PERSON) else 4,
    }
    assert exit_code(Judgement(verdict, None, reason, "", ())) == expected[verdict]


def test_the_object_has_exactly_the_promised_keys() -> None:
    assert result_object(EXAMPLES["not-reproduced"]) == {
        "run_id": "01k9x3m5",
        "commit": COMMIT,
        "experiment": "wine",
        "phase": "done",
        "verdict": "not_reproduced",
        "level": None,
        "reason": "completed",
        "message": MISSED,
        "claims": [
            {
                "id": "lda",
                "verdict": "reproduced",
                "level": "B",
                "published": "98.9",
                "got": 98.87640449438202,
                "difference": -0.02359550561798,
                "bar": {"mode": "exact", "low": 98.85, "high": 98.95, "why": None},
                "control": None,
                "estimate": None,
            },
            {
                "id": "qda",
                "verdict": "reproduced",
                "level": "B",
                "published": "99.4",
                "got": 99.43820224719101,
                "difference": 0.03820224719101,
                "bar": {"mode": "exact", "low": 99.35, "high": 99.45, "why": None},
                "control": None,
                "estimate": None,
            },
            {
                "id": "digits-svm",
                "verdict": "not_reproduced",
                "level": None,
                "published": "0.97",
                "got": 0.949944382647386,
                "difference": -0.020055617352614,
                "bar": {"mode": "exact", "low": 0.965, "high": 0.975, "why": None},
                "control": None,
                "estimate": None,
            },
        ],
        "hardware": None,
        "trials": [
            {"seed": 0, "probe": False, "control": None, "exit_code": 0, "seconds": 2.5},
            {"seed": 0, "probe": True, "control": None, "exit_code": 0, "seconds": 2.5},
        ],
        "ledger": [],
        "cost": None,
        "evidence": None,
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_run_is_plain_json(name: str) -> None:
    written = json.loads(json.dumps(result_object(EXAMPLES[name]), allow_nan=False))
    assert set(written) == set(result_object(view(None)))
