"""Metric files are strangers' bytes: a value comes out, or a sentence that names file and pointer."""

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import claim, tolerance

from reprise.domain.metric_file import MAX_BYTES, MetricProblem, missing
from reprise.domain.metrics import MAX_NUMBERS, collect, every_number, read_metric
from reprise.domain.run import Reason, Value
from reprise.domain.spec.model import Claim, MlflowMetric

FILE = "results/metrics.json"
DOCUMENT = b"""{"test": {"accuracy": 0.9324, "count": 147, "name": "svm"}, "a/b": 1, "m~n": 2, "": 3,
 "folds": [0.5, {"f1": 0.75}], "ok": true, "none": null, "nan": NaN, "big": 1e400}"""


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/test/accuracy", 0.9324),
        ("/test/count", 147),
        ("/test/name", "svm"),
        ("/a~1b", 1),
        ("/m~0n", 2),
        ("/", 3),
        ("/folds/0", 0.5),
        ("/folds/1/f1", 0.75),
    ],
)
def test_a_pointer_leads_to_its_value(pointer: str, value: Value) -> None:
    found = read_metric(DOCUMENT, pointer, file=FILE)
    assert found == value
    assert type(found) is type(value)


def test_the_empty_pointer_is_the_whole_file() -> None:
    assert read_metric(b" 0.5\n", "", file=FILE) == 0.5
    assert read_metric(b"\xef\xbb\xbf0.5", "", file=FILE) == 0.5


@pytest.mark.parametrize(
    ("pointer", "reason", "words"),
    [
        ("/test/acuracy", Reason.METRIC_MISSING, "did you mean /test/accuracy?"),
        ("/test/zzz", Reason.METRIC_MISSING, "at /test there is accuracy, count, name"),
        ("/tset/accuracy", Reason.METRIC_MISSING, "did you mean /test?"),
        ("/folds/2", Reason.METRIC_MISSING, "list of 2 items"),
        ("/folds/-", Reason.METRIC_MISSING, "list of 2 items"),
        ("/folds/01", Reason.METRIC_MISSING, "list of 2 items"),
        ("/test/count/x", Reason.METRIC_MISSING, "at /test/count there is only a number"),
        ("test", Reason.METRIC_MISSING, "write /test"),
        ("/a~1c", Reason.METRIC_MISSING, "did you mean /a~1b?"),
        ("", Reason.METRIC_INVALID, "is an object, not a number: point at one of its keys"),
        ("/test", Reason.METRIC_INVALID, "accuracy, count, name"),
        ("/folds", Reason.METRIC_INVALID, "is a list"),
        ("/ok", Reason.METRIC_INVALID, "is true, not a number"),
        ("/none", Reason.METRIC_INVALID, "is null, not a number"),
        ("/nan", Reason.METRIC_INVALID, "is NaN"),
        ("/big", Reason.METRIC_INVALID, "is infinity"),
    ],
)
def test_anything_else_has_its_own_sentence(pointer: str, reason: Reason, words: str) -> None:
    found = read_metric(DOCUMENT, pointer, file=FILE)
    assert isinstance(found, MetricProblem)
    assert found.reason is reason
    assert words in found.message
    assert FILE in found.message


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (None, Reason.METRIC_MISSING, "was not written by this run"),
        (b"", Reason.METRIC_INVALID, "is empty"),
        (b" \n", Reason.METRIC_INVALID, "is empty"),
        (b"{'a': 1}", Reason.METRIC_INVALID, "line 1, column 2"),
        (b'{"a": 1', Reason.METRIC_INVALID, "is not JSON"),
        (b'{"a": 1}{', Reason.METRIC_INVALID, "is not JSON"),
        (b'{"a": "' + b"\xff\xfe", Reason.METRIC_INVALID, "is not UTF-8"),
        (b'{"a": 1, "a": 2}', Reason.METRIC_INVALID, 'the key "a" twice'),
        (b'{"a": "\\ud800"}', Reason.METRIC_INVALID, "lone surrogate"),
        (b'{"a": "' + b"x" * 1001 + b'"}', Reason.METRIC_INVALID, "1001 characters"),
        (b'{"a": ' + b"9" * 5000 + b"}", Reason.METRIC_INVALID, "is infinity"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", Reason.METRIC_INVALID, "more than 100 levels"),
        (b" " * MAX_BYTES + b"1", Reason.METRIC_INVALID, "at most 16 MB"),
    ],
)
def test_unusable_files_have_their_own_sentence(data: bytes | None, reason: Reason, words: str) -> None:
    found = read_metric(data, "/a", file=FILE)
    assert isinstance(found, MetricProblem)
    assert found.reason is reason
    assert words in found.message
    assert FILE in found.message


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    data = json.dumps({"a": 1, "note": '\\"[[' + "[" * 500}).encode()
    assert read_metric(data, "/a", file=FILE) == 1


@pytest.mark.parametrize(
    "data", [b'["' + b'\\"' * (MAX_BYTES // 2 - 2), b"[" * MAX_BYTES, b'"' * (MAX_BYTES // 8)]
)
def test_hostile_files_are_refused_quickly(data: bytes) -> None:
    began = time.monotonic()
    assert isinstance(read_metric(data, "/a", file=FILE), MetricProblem)
    assert time.monotonic() - began < 10


@given(st.binary(max_size=300), st.text(max_size=20))
def test_no_bytes_are_too_strange(data: bytes, pointer: str) -> None:
    found = read_metric(data, pointer, file=FILE)
    if isinstance(found, float):
        assert math.isfinite(found)
    every_number(data)


@pytest.mark.parametrize(
    ("value", "what", "words"),
    [
        ("0.97", claim("0.97"), "write a number"),
        (0.97, claim("high"), 'the text "high"'),
        ("low", claim("high", tolerance(1)), "mode exact"),
    ],
)
def test_text_is_only_compared_with_published_text(value: Value, what: Claim, words: str) -> None:
    collected = collect([what], files={FILE: json.dumps({"accuracy": value}).encode()})
    assert collected.reason is Reason.METRIC_INVALID
    assert words in collected.problems["accuracy"]


def test_published_text_is_compared_with_text() -> None:
    collected = collect([claim("high")], files={FILE: b'{"accuracy": "low"}'})
    assert (collected.reason, collected.values) == (Reason.COMPLETED, {"accuracy": "low"})


def test_claims_that_have_a_value_keep_it_when_another_lacks_one() -> None:
    claims = [claim(), claim(id="f1", pointer="/f1"), claim(id="auc", pointer="/auc")]
    collected = collect(claims, files={FILE: b'{"accuracy": 0.97}'})
    assert collected.reason is Reason.METRIC_MISSING
    assert collected.values == {"accuracy": 0.97}
    assert set(collected.problems) == {"f1", "auc"}
    assert collected.message.endswith("(1 more like this)")


def test_a_file_that_could_not_be_collected_says_why() -> None:
    why = "results/metrics.json leads out of the tree: write a regular file"
    assert collect([claim()], files={FILE: None}, uncollected={FILE: why}).message == why


def logged_claim() -> Claim:
    fields = {name: getattr(claim(), name) for name in Claim.__dataclass_fields__}
    return Claim(**fields | {"metric": MlflowMetric("test_accuracy")})


@pytest.mark.parametrize(
    ("logged", "reason", "words"),
    [
        ({"test_accuracy": 0.97}, Reason.COMPLETED, ""),
        ({}, Reason.METRIC_MISSING, "logged no metric test_accuracy"),
        ({"test_accuracy": float("nan")}, Reason.METRIC_INVALID, "NaN"),
        ({"test_accuracy": missing("several runs: a, b")}, Reason.METRIC_MISSING, "several runs"),
    ],
)
def test_logged_metrics_follow_the_same_rules(
    logged: dict[str, Value | MetricProblem], reason: Reason, words: str
) -> None:
    collected = collect([logged_claim()], files={}, logged=logged)
    assert collected.reason is reason
    assert words in collected.message


def test_every_number_of_a_file_is_found_in_order() -> None:
    assert every_number(DOCUMENT) == {
        "test/accuracy": 0.9324,
        "test/count": 147.0,
        "a/b": 1.0,
        "m~n": 2.0,
        "value": 3.0,
        "folds/0": 0.5,
        "folds/1/f1": 0.75,
    }
    assert every_number(b"7") == {"value": 7.0}


def test_numbers_are_bounded_in_count_and_name() -> None:
    assert len(every_number(json.dumps(list(range(MAX_NUMBERS + 5))).encode())) == MAX_NUMBERS
    assert every_number(json.dumps({"k" * 300: {"a": 1}, "b": 2}).encode()) == {"b": 2.0}
    assert every_number(None) == every_number(b"{") == {}
