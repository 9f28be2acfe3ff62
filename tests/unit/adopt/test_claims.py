"""A claim is proposed only where the README and a metric file say the same; nothing is made up."""

import json

import pytest
from tests.unit.adopt.build import TRAIN, proposed, spec_of

from reprise.domain.adopt.model import ClaimFound
from reprise.domain.adopt.written import render
from reprise.domain.spec.model import Exact, FileMetric


def table(*rows: str, header: str = "model | test accuracy | epochs") -> str:
    lines = [header, " | ".join("--" for _ in header.split("|")), *rows]
    return "# Results\n\n" + "\n".join(f"| {line} |" for line in lines) + "\n"


def found(readme: str, metrics: object, code: str = TRAIN) -> tuple[ClaimFound, ...]:
    files = {"README.md": readme, "metrics.json": json.dumps(metrics), "train.py": code}
    return proposed(files).claims


def test_the_same_number_at_its_printed_precision_is_proposed() -> None:
    files = {
        "README.md": table("ours | **93.24 %** | 5"),
        "metrics.json": json.dumps({"test": {"accuracy": 93.2409}, "epochs": 5}),
        "train.py": TRAIN,
    }
    (claim,) = spec_of(files).claims
    assert (claim.id, claim.published.text, claim.compare) == ("test-accuracy", "93.24", Exact())
    assert claim.metric == FileMetric("metrics.json", "/test/accuracy", None)
    assert claim.where == "README.md, table in line 5: ours, test accuracy"


@pytest.mark.parametrize(
    ("row", "metrics", "code", "words"),
    [
        ("ours | 0.95 | 5", {"accuracy": 0.93}, TRAIN, "not the same at the printed precision"),
        ("ours | 93.2 % | 5", {"accuracy": 0.932}, TRAIN, "a factor of 100 apart"),
        ("ours | 0.93 ± 0.01 | 5", {"accuracy": 0.93}, TRAIN, "scatter of several values"),
        ("ours | 0.93 | 5", {"accuracy": 0.93}, "print(1)\n", "neither the command nor its code names"),
        (
            "ours | 0.93 | 5",
            {"a": {"accuracy": 0.93}, "b": {"accuracy": 0.931}},
            TRAIN,
            "it could as well be",
        ),
    ],
)
def test_what_is_not_certain_is_a_comment_that_says_why(
    row: str, metrics: object, code: str, words: str
) -> None:
    claims = found(table(row), metrics, code)
    assert not any(claim.proposed for claim in claims)
    assert words in " ".join(claims[0].notes)


def test_a_number_that_is_held_is_not_lost_to_one_that_only_has_its_name() -> None:
    claims = found(table("baseline | 0.90 | 5", "ours | 0.93 | 5"), {"accuracy": 0.9312})
    assert [(claim.value, claim.proposed) for claim in claims] == [("0.93", True)]


def test_a_setting_is_no_result() -> None:
    assert found(table("ours | - | 5"), {"epochs": 5, "learning_rate": 5}) == ()


@pytest.mark.parametrize(
    "readme",
    [
        "accuracy 0.93\n",
        "```\n| model | accuracy |\n|--|--|\n| ours | 0.93 |\n```\n",
        table("ours | 0.93", header="model | speed"),
    ],
)
def test_a_number_outside_of_a_table_or_under_another_name_is_never_proposed(readme: str) -> None:
    assert not any(claim.proposed for claim in found(readme, {"accuracy": 0.93}))


def test_a_number_that_nothing_holds_is_shown_as_a_claim_to_be_completed() -> None:
    readme = table("ours | 98.9 % | 5", "size | 0.5 | 3", header="model | rate | epochs")
    (claim,) = found(readme, {"accuracy": 0.93})
    assert (claim.value, claim.metric, claim.proposed) == ("98.9", "{file: FILE.json, pointer: /NAME}", False)
    assert "no committed JSON file holds it" in claim.notes[0]


def test_a_number_that_goes_to_mlflow_alone_is_suggested_once() -> None:
    code = 'import mlflow\nmlflow.log_metrics({"test_accuracy": a})\nmlflow.log_metric("loss", 1)\n'
    files = {"README.md": table("one | 0.91 | 5", "two | 0.93 | 5"), "train.py": code}
    (claim,) = proposed(files).claims
    assert (claim.metric, claim.value, claim.proposed) == ("{mlflow: test_accuracy}", "0.91", False)
    assert spec_of(files).claims == ()


def test_comments_become_claims_by_taking_their_mark_away() -> None:
    files = {
        "README.md": table("ours | 0.95 | 5"),
        "metrics.json": json.dumps({"accuracy": 0.93}),
        "train.py": TRAIN,
    }
    text = render(proposed(files))
    begin = text.index("# claims:")
    uncommented = text[:begin] + "\n".join(line.removeprefix("# ") for line in text[begin:].split("\n"))
    assert "\nclaims:\n" in uncommented
    assert "  - id: accuracy\n" in uncommented


def test_no_tolerance_and_no_margin_is_ever_written() -> None:
    files = {
        "README.md": table("ours | 0.93 ± 0.01 | 5", "other | 0.95 | 3"),
        "metrics.json": json.dumps({"accuracy": 0.93, "test_accuracy": 0.95}),
        "train.py": TRAIN,
    }
    lines = [line for line in render(proposed(files)).splitlines() if "mode:" in line]
    assert lines
    assert all("{mode: exact}" in line for line in lines)
