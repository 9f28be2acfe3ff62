"""k of m verifications of a commit: what is counted, and that nothing is hidden."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.report.examples import judged_as, wine

from reprise.domain.ledger import (
    Verification,
    ledger_line,
    ledger_object,
    not_always,
    why_not_counted,
)
from reprise.domain.report import render_report
from reprise.domain.run import FAULT, Fault, Judgement, Level, Reason, RunId, Verdict
from reprise.domain.statuses import Links, statuses_for

WHEN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LETTERS = {
    "r": Judgement(Verdict.REPRODUCED, Level.B, Reason.COMPLETED, "", ()),
    "n": Judgement(Verdict.NOT_REPRODUCED, None, Reason.COMPLETED, "", ()),
    "i": Judgement(Verdict.INCONCLUSIVE, None, Reason.COMPLETED, "", ()),
    "f": Judgement(Verdict.NOT_RUN, None, Reason.COMMAND_FAILED, "", ()),
    "m": Judgement(Verdict.NOT_RUN, None, Reason.INFRASTRUCTURE, "", ()),
    "s": Judgement(Verdict.NOT_RUN, None, Reason.CANCELLED, "", ()),
    "j": Judgement(Verdict.NOT_JUDGED, None, Reason.COMPLETED, "", ()),
}
"""How a run came out, by a letter."""


def ledger(letters: str) -> list[Verification]:
    """A capital stands for a run that was asked about some claims only."""
    return [
        Verification(
            RunId(f"run-{number}"), WHEN, "tag v1", LETTERS[letter.lower()], partial=letter.isupper()
        )
        for number, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "line"),
    [
        ("", ""),
        ("r", "1 of 1 verification of this commit reached the bar"),
        ("n", "0 of 1 verification of this commit reached the bar"),
        ("nr", "1 of 2 verifications of this commit reached the bar"),
        ("fir", "1 of 3 verifications of this commit reached the bar"),
        ("msr", "1 of 1 verification of this commit reached the bar"),
        ("ms", ""),
        ("j", ""),
        ("Rn", "0 of 1 verification of this commit reached the bar"),
    ],
)
def test_only_what_says_something_about_the_repository_is_counted(letters: str, line: str) -> None:
    assert ledger_line(ledger(letters)) == line


@pytest.mark.parametrize("reason", Reason)
def test_a_run_that_could_not_be_run_counts_when_the_repository_is_to_blame(reason: Reason) -> None:
    one = Verification(RunId("a"), WHEN, "tag v1", Judgement(Verdict.NOT_RUN, None, reason, "", ()))
    assert one.counted is (FAULT[reason] is Fault.REPOSITORY)
    assert not one.reached
    assert bool(why_not_counted(one)) is not one.counted


@given(st.text(st.sampled_from("rnifmsjRN"), max_size=30), st.sampled_from("rnifmsjRN"))
def test_a_further_verification_never_hides_an_earlier_one(letters: str, more: str) -> None:
    before, after = ledger_object(ledger(letters)), ledger_object(ledger(letters + more))
    assert after[:-1] == before
    missed = [sum(each["counted"] and not each["reached"] for each in told) for told in (before, after)]
    assert missed[1] >= missed[0]


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ("r", ""),
        ("rr", ""),
        ("nn", ""),
        ("mr", ""),
        ("nr", "1 of 2 verifications"),
        ("rnr", "2 of 3 verifications"),
    ],
)
def test_a_status_says_when_a_commit_did_not_always_come_out_alike(letters: str, said: str) -> None:
    assert not_always(ledger(letters)) == said
    first, *_ = statuses_for(LETTERS["r"], "wine", links=Links(), ledger=ledger(letters))
    assert (f"level B ({said})" in first.description) is bool(said)


def test_the_report_tells_of_the_others_and_not_of_itself_alone() -> None:
    ended = wine(98.876, 99.438, 0.9688)
    others = [*ledger("nm"), Verification(ended.run_id, WHEN, "comment", judged_as(ended))]
    report = render_report(replace(ended, ledger=tuple(others))).markdown
    assert "- 1 of 2 verifications of this commit reached the bar." in report
    assert "<summary>Verifications of this commit (3)</summary>" in report
    assert "not the repository's doing" in report
    assert "this run" in report
    assert "erification" not in render_report(replace(ended, ledger=tuple(others[-1:]))).markdown
