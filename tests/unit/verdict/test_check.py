"""What a run's check says, within what the forge takes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.report.examples import BAD, EXAMPLES

from reprise.domain.check import (
    CONCLUSION,
    LEVEL,
    MAX_ANNOTATIONS,
    MAX_DESCRIPTION,
    MAX_IDENTIFIER,
    MAX_LABEL,
    MAX_MESSAGE,
    MAX_SUMMARY,
    MAX_TITLE,
    NOT_RUN,
    REPRODUCE,
    AnnotationLevel,
    CheckState,
    Conclusion,
    check_name,
    check_of,
    conclusion_of,
)
from reprise.domain.forge import State
from reprise.domain.lint.model import Severity
from reprise.domain.lint.noticed import Linted, Noticed
from reprise.domain.report import render_report
from reprise.domain.run import FAULT, Fault, Judgement, Phase, Reason, Verdict
from reprise.domain.spec.model import Problem
from reprise.domain.statuses import state_of

PASSES = (Conclusion.SUCCESS,)
"""Of those that we use: where the check is required, this one lets a pull request be merged."""


def ended(verdict: Verdict, reason: Reason) -> Judgement:
    return Judgement(verdict, None, reason, "why", ())


def test_every_verdict_and_reason_has_a_conclusion() -> None:
    assert set(CONCLUSION) == set(Verdict)
    assert set(NOT_RUN) == set(Reason)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("reason", Reason)
def test_a_check_passes_exactly_where_the_status_does(verdict: Verdict, reason: Reason) -> None:
    judgement = ended(verdict, reason)
    assert (conclusion_of(judgement) in PASSES) == (state_of(judgement) is State.SUCCESS)


def test_a_broken_repository_fails_and_no_answer_asks_for_somebody() -> None:
    for reason, fault in FAULT.items():
        expected = Conclusion.FAILURE if fault is Fault.REPOSITORY else Conclusion.ACTION_REQUIRED
        special = {
            Reason.TIMED_OUT: Conclusion.TIMED_OUT,
            Reason.CANCELLED: Conclusion.CANCELLED,
            Reason.SUPERSEDED: Conclusion.CANCELLED,
        }
        assert conclusion_of(ended(Verdict.NOT_RUN, reason)) is special.get(reason, expected)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_report_fits_into_a_check(name: str) -> None:
    check = check_of(EXAMPLES[name])
    assert len(check.title) <= MAX_TITLE
    assert check.title not in check.summary, "the forge shows it above"
    assert render_report(EXAMPLES[name]).markdown.endswith(check.summary)
    assert len(check.summary) <= MAX_SUMMARY
    done = EXAMPLES[name].judgement is not None
    assert (
        (check.state is CheckState.COMPLETED) == (check.conclusion is not None) == bool(check.actions) == done
    )


@pytest.mark.parametrize("phase", Phase)
def test_a_live_run_is_queued_or_in_progress_and_has_no_button(phase: Phase) -> None:
    check = check_of(replace(EXAMPLES["running"], phase=phase))
    assert check.state is (CheckState.QUEUED if phase is Phase.QUEUED else CheckState.IN_PROGRESS)
    assert (check.conclusion, check.actions, check.completed_at) == (None, (), None)


def test_the_button_is_as_short_as_the_forge_wants_it() -> None:
    assert len(REPRODUCE.label) <= MAX_LABEL
    assert len(REPRODUCE.description) <= MAX_DESCRIPTION
    assert len(REPRODUCE.identifier) <= MAX_IDENTIFIER


def test_no_button_is_offered_where_nobody_hears_a_click() -> None:
    assert check_of(EXAMPLES["spec-invalid"]).actions == (REPRODUCE,)
    assert check_of(EXAMPLES["spec-invalid"], heard=False).actions == ()


def test_problems_of_the_spec_are_marked_where_they_are() -> None:
    check = check_of(EXAMPLES["spec-invalid"], problems=BAD.problems)
    assert [(each.path, each.line, each.column) for each in check.annotations] == [
        ("reprise.yaml", 4, 3),
        ("reprise.yaml", 9, 14),
    ]


@given(
    st.lists(
        st.builds(Problem, st.just("reprise.yaml"), st.integers(), st.integers(), st.text()), max_size=70
    )
)
def test_whatever_the_problems_are_the_forge_takes_them(problems: list[Problem]) -> None:
    check = check_of(EXAMPLES["spec-invalid"], problems=problems)
    assert len(check.annotations) == min(len(problems), MAX_ANNOTATIONS)
    for each in check.annotations:
        assert each.line >= 1
        assert each.column is not None
        assert each.column >= 1
        assert 0 < len(each.message) <= MAX_MESSAGE


def found(severity: Severity, line: int) -> Noticed:
    return Noticed(
        "RX32", severity, "train.py", line, "the path /home/ada is absolute", "write data/train.csv"
    )


def test_what_was_found_in_the_repository_is_marked_as_grave_as_it_is() -> None:
    linted = Linted((found(Severity.ERROR, 12), found(Severity.WARNING, 3)), errors=1, warnings=1)
    check = check_of(replace(EXAMPLES["reproduced"], linted=linted))
    assert [(each.path, each.line, each.column, each.level, each.title) for each in check.annotations] == [
        ("train.py", 12, None, AnnotationLevel.FAILURE, "RX32 error"),
        ("train.py", 3, None, AnnotationLevel.WARNING, "RX32 warning"),
    ]
    assert check.annotations[0].message == "the path /home/ada is absolute. Write data/train.csv"
    assert check_of(replace(EXAMPLES["running"], linted=linted)).annotations == ()


def test_problems_of_the_spec_come_before_what_was_found_and_all_have_room() -> None:
    linted = Linted(tuple(found(Severity.ERROR, line) for line in range(1, 71)), errors=70)
    check = check_of(replace(EXAMPLES["spec-invalid"], linted=linted), problems=BAD.problems)
    assert len(check.annotations) == MAX_ANNOTATIONS
    assert [each.path for each in check.annotations[:3]] == ["reprise.yaml", "reprise.yaml", "train.py"]


def test_every_severity_has_a_place_or_none_on_purpose() -> None:
    assert set(LEVEL) == set(Severity)


@given(st.lists(st.text(), max_size=20))
def test_a_name_is_one_short_line_and_another_for_some_claims(claims: list[str]) -> None:
    name = check_name("wine", claims)
    assert name != check_name("wine")
    assert len(name) <= MAX_TITLE
    assert name.isprintable()
