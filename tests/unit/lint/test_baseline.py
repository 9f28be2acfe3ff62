"""What was there before is known, wherever its line has gone; what is new counts."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.lint.build import Files, repo
from tests.unit.lint.examples import RULES

from reprise.domain.errors import UserError
from reprise.domain.lint.baseline import known, parse_baseline, render_baseline
from reprise.domain.lint.rules import lint


def recorded(files: Files) -> bytes:
    place = repo(files)
    return render_baseline(place, lint(place, RULES)).encode()


def new(files: Files, baseline: bytes) -> list[tuple[str, int]]:
    place = repo(files)
    findings = lint(place, RULES)
    listed = known(place, findings, parse_baseline(baseline, "known.json"))
    return [(finding.file, finding.line) for finding in findings if finding not in listed]


def test_a_line_that_moved_or_is_indented_stays_known() -> None:
    baseline = recorded({"a.txt": "bad word\n"})

    assert new({"a.txt": "\n\n    bad word\n"}, baseline) == []


def test_another_line_another_file_and_one_more_of_the_same_are_new() -> None:
    baseline = recorded({"a.txt": "bad word\n"})

    assert new({"a.txt": "bad words\n"}, baseline) == [("a.txt", 1)]
    assert new({"b.txt": "bad word\n"}, baseline) == [("b.txt", 1)]
    assert new({"a.txt": "bad word\nbad word\n"}, baseline) == [("a.txt", 2)]


def test_what_is_ignored_with_a_reason_is_not_written_down() -> None:
    baseline = recorded({"a.txt": "bad  # reprise: ignore RX98 - quoted\n"})

    assert parse_baseline(baseline, "known.json") == Counter()


@given(st.dictionaries(st.sampled_from(["a.txt", "b/c.md"]), st.text("bad por\n", max_size=40)))
def test_a_repository_has_nothing_new_beside_its_own_baseline(files: dict[str, str]) -> None:
    assert new(files, recorded(files)) == []


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "findings": [{}]}', b"[" * 100_000),
        b'{"version": 1, "findings": [{"rule": "RX01", "file": "a", "line": "b", "count": Infinity}]}',
    ],
    ids=lambda data: str(len(data)),
)
def test_a_file_that_is_no_baseline_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UserError, match=r"known\.json is no baseline: write one with --write-baseline"):
        parse_baseline(data, "known.json")


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UserError, match=r"known\.json is a baseline of another version"):
        parse_baseline(b'{"version": 2, "findings": []}', "known.json")
