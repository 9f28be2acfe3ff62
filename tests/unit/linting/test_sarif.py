"""SARIF, judged by the standard's own schema."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from tests.unit.lint.build import repo
from tests.unit.linting.seen import MIXED, checked

from reprise.domain.addresses import ADDRESS
from reprise.domain.lint.rules import RULES
from reprise.domain.spec.model import Problem
from reprise.linting.checked import Checked
from reprise.linting.sarif import as_sarif

SCHEMA = Path(__file__).parents[2] / "samples" / "sarif" / "sarif-schema-2.1.0.json"
VALIDATOR = Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def valid(told: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(told))
    assert [f"{list(error.path)}: {error.message}" for error in VALIDATOR.iter_errors(read)] == []
    return read


def test_the_schema_notices_what_is_wrong() -> None:
    assert not VALIDATOR.is_valid(as_sarif(MIXED) | {"version": "2.0.0"})


def test_findings_and_problems_are_results_at_their_places() -> None:
    (run,) = valid(as_sarif(MIXED))["runs"]

    spec, mean, ignored, odd, *_ = run["results"]
    assert (spec["ruleId"], spec["level"]) == ("spec", "error")
    assert spec["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "reprise.yaml", "uriBaseId": "ROOT"},
        "region": {"startLine": 2, "startColumn": 7},
    }
    assert mean["message"]["text"] == "the word mean is here. Write another word than mean."
    assert (mean["level"], mean["suppressions"]) == ("note", [])
    assert ignored["suppressions"] == [{"kind": "inSource", "justification": "quoted"}]
    place = odd["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "odd%2C%20100%25%3Aname.txt"


def test_every_rule_is_described_with_the_address_of_its_page() -> None:
    (run,) = valid(as_sarif(checked({})))["runs"]
    described = {rule["id"]: rule["helpUri"] for rule in run["tool"]["driver"]["rules"]}

    assert described == {"spec": f"{ADDRESS}/docs/spec.md"} | {
        rule.id: f"{ADDRESS}/docs/rules/{rule.id}.md" for rule in RULES
    }


def test_what_a_baseline_knows_is_suppressed_from_outside() -> None:
    files = {"a.txt": "bad\n"}
    known = tuple(checked(files).keys.values())
    (result,) = valid(as_sarif(checked(files, baseline=known)))["runs"][0]["results"]

    assert result["suppressions"] == [{"kind": "external", "justification": "in the baseline"}]


def test_a_finding_that_moved_keeps_its_fingerprint() -> None:
    first = as_sarif(checked({"a.txt": "bad\n"}))["runs"][0]["results"][0]
    moved = as_sarif(checked({"a.txt": "\n\nbad\n"}))["runs"][0]["results"][0]

    assert first["partialFingerprints"] == moved["partialFingerprints"]
    assert first["locations"] != moved["locations"]


@given(st.text(), st.text())
def test_any_name_and_any_text_is_valid(file: str, message: str) -> None:
    valid(as_sarif(Checked((Problem(file, 1, 1, message),))))


def test_a_name_that_is_no_utf_8_is_valid() -> None:
    name = b"caf\xe9.txt".decode(errors="surrogateescape")
    assert repo({name: "bad"}).entries
    (result,) = valid(as_sarif(checked({name: "bad"})))["runs"][0]["results"]

    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "caf%E9.txt"
