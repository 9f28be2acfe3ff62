"""What stands beside a commit: states, texts and links that a forge accepts whatever is in them."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import DIGEST, OTHER_DIGEST, claim, series, spec, tolerance, trial

from reprise.domain.artifacts import check_artifacts
from reprise.domain.forge import State, Status
from reprise.domain.run import FAULT, Fault, Judgement, Phase, Reason, Verdict
from reprise.domain.spec.model import Artifact, Compare, Distribution, PublishedKind
from reprise.domain.statuses import NONE_DECLARED, Links, one_line, pending, state_of, statuses_for
from reprise.domain.verdict import judge, not_run
from reprise.domain.words import NOT_RUN_TEXT, PHASE_TEXT, VERDICT_TEXT, duration, outcome, size

LINKS = Links(run="https://r/1", tracking="https://t/1")
SEALED = replace(LINKS, evidence="https://e/1")


def test_every_phase_verdict_and_fault_has_its_words() -> None:
    assert set(PHASE_TEXT) == set(Phase)
    assert set(VERDICT_TEXT) == set(Verdict)
    assert set(NOT_RUN_TEXT) == set(Fault)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("reason", Reason)
def test_state_is_total(verdict: Verdict, reason: Reason) -> None:
    """success = bar met or not judged, failure = missed or repository broken, error = no answer."""
    expected = {
        Verdict.REPRODUCED: State.SUCCESS,
        Verdict.NOT_JUDGED: State.SUCCESS,
        Verdict.NOT_REPRODUCED: State.FAILURE,
        Verdict.INCONCLUSIVE: State.ERROR,
        Verdict.NOT_RUN: State.FAILURE if FAULT[reason] is Fault.REPOSITORY else State.ERROR,
    }
    judgement = Judgement(verdict, None, reason, "why", ())
    assert state_of(judgement) is expected[verdict]
    assert outcome(judgement)


def test_a_reproduced_run_says_it_once_and_once_for_each_claim() -> None:
    claims = (claim("98.9", id="lda"), claim("0.97", tolerance(0.02), id="svm"))
    judged = judge(spec(*claims), [trial(values={"lda": 98.87640449438202, "svm": 0.9601})])
    assert statuses_for(judged, "wine", links=LINKS) == (
        Status(
            "reprise/wine",
            State.SUCCESS,
            "reproduced, level C: 2 of 2 claims, the weakest within the declared tolerance",
            "https://r/1",
        ),
        Status(
            "reprise/wine/svm", State.SUCCESS, "published 0.97, got 0.9601, bar ±0.02, level C", "https://t/1"
        ),
        Status(
            "reprise/wine/lda", State.SUCCESS, "published 98.9, got 98.876, bar ±0.05, level B", "https://t/1"
        ),
    )


def test_a_missed_claim_fails_with_its_numbers() -> None:
    main, missed = statuses_for(judge(spec(claim()), series(0.95, probe=0.95)), "wine", links=LINKS)
    said = "not reproduced: accuracy: got 0.95, published 0.97: off by −0.02, allowed ±0.005"
    assert (main.state, main.description) == (State.FAILURE, said)
    assert (missed.state, missed.description) == (State.FAILURE, "published 0.97, got 0.95, bar ±0.005")


@pytest.mark.parametrize("compare", [None, Distribution(0.01)])
def test_numbers_inside_the_bar_say_that_the_control_was_not_caught(compare: Compare | None) -> None:
    what = spec(claim(compare=compare, kind=PublishedKind.TARGET, control=("--shuffle",)), n=2)
    results = [*series(0.97, 0.9701), trial(0.97, index=2, control=("--shuffle",))]
    _, told = statuses_for(judge(what, results), "wine", links=LINKS)
    assert told.state is State.ERROR
    assert told.description.startswith("control not caught; published 0.97, got ")


def test_a_control_that_was_caught_is_no_reason() -> None:
    what = spec(claim(control=("--shuffle",)))
    results = [*series(0.97, probe=0.97), trial(0.5, index=2, control=("--shuffle",))]
    _, told = statuses_for(judge(what, results), "wine", links=LINKS)
    assert (told.state, told.description) == (
        State.SUCCESS,
        "published 0.97, got 0.97, bar ±0.005, level B",
    )


def test_a_broken_repository_is_a_failure_and_broken_infrastructure_an_error() -> None:
    mine = statuses_for(
        not_run(Reason.METRIC_MISSING, "m.json was not written", spec(claim())), "wine", links=LINKS
    )
    theirs = statuses_for(
        not_run(Reason.INFRASTRUCTURE, "the node went away", spec(claim())), "wine", links=LINKS
    )
    assert {status.state for status in mine} == {State.FAILURE}
    assert {status.state for status in theirs} == {State.ERROR}
    assert mine[0].description == "could not be run: metric missing: m.json was not written"
    assert theirs[0].description == "no answer: the infrastructure failed: the node went away"


def test_without_claims_the_metrics_are_the_text() -> None:
    judged = judge(spec(), [trial(values={})], metrics={"accuracy": 0.9324})
    assert statuses_for(judged, "wine", links=LINKS) == (
        Status("reprise/wine", State.SUCCESS, "ran: accuracy 0.9324, no claim declared", "https://r/1"),
    )


def test_at_most_ten_claims_are_posted_worst_first() -> None:
    claims = tuple(claim("0.97", id=f"c{number:02}") for number in range(14))
    values = {f"c{number:02}": 0.5 if number == 13 else 0.97 for number in range(14)}
    posted = statuses_for(judge(spec(*claims), [trial(values=dict(values))]), "wine", links=LINKS)
    assert len(posted) == 11
    assert posted[1].context == "reprise/wine/c13"


@pytest.mark.parametrize(
    ("found", "required", "state", "text"),
    [
        (DIGEST, False, State.SUCCESS, "level A: 1 identical"),
        (OTHER_DIGEST, False, State.SUCCESS, "1 different"),
        (OTHER_DIGEST, True, State.FAILURE, "1 different"),
        (None, True, State.FAILURE, "1 missing"),
    ],
)
def test_artifacts_have_a_status_of_their_own(
    found: str | None, required: bool, state: State, text: str
) -> None:
    what = spec(claim(), artifacts=[Artifact("p.csv", DIGEST, required)])
    results = [trial(0.97, artifacts={"p.csv": found})]
    checks = check_artifacts(what.artifacts, results)
    last = statuses_for(judge(what, results), "wine", links=SEALED, artifacts=checks)[-1]
    assert last == Status("reprise/wine/artifacts", state, text, "https://e/1")


def test_a_run_without_artifacts_leads_to_its_evidence() -> None:
    *others, last = statuses_for(judge(spec(claim()), [trial(0.97)]), "wine", links=SEALED)
    assert last == Status("reprise/wine/artifacts", State.SUCCESS, NONE_DECLARED, "https://e/1")
    assert tuple(others) == statuses_for(judge(spec(claim()), [trial(0.97)]), "wine", links=LINKS)


def test_artifacts_of_a_run_that_ended_early_were_not_compared() -> None:
    what = spec(claim(), artifacts=[Artifact("p.csv", DIGEST, True)])
    judged = not_run(Reason.INFRASTRUCTURE, "gone", what)
    last = statuses_for(judged, "wine", links=LINKS, artifacts=check_artifacts(what.artifacts, []))[-1]
    assert (last.state, last.description) == (
        State.ERROR,
        "the run ended before the artifacts could be compared",
    )


def test_where_nobody_outside_can_open_mlflow_every_status_leads_to_the_run_page() -> None:
    what = spec(claim(), artifacts=[Artifact("p.csv", DIGEST, True)])
    results = [trial(0.97, artifacts={"p.csv": DIGEST})]
    checks = check_artifacts(what.artifacts, results)
    told = statuses_for(judge(what, results), "wine", links=Links(run="https://r/1"), artifacts=checks)
    assert [status.target_url for status in told] == ["https://r/1"] * 3


@pytest.mark.parametrize("phase", Phase)
def test_a_live_run_is_pending(phase: Phase) -> None:
    status = pending("wine", phase, links=LINKS, detail="place 3")
    assert (status.context, status.state, status.target_url) == ("reprise/wine", State.PENDING, "https://r/1")
    assert status.description.endswith(": place 3")


def test_long_texts_are_cut_at_a_word() -> None:
    assert one_line("word " * 40).endswith("word…")
    assert len(one_line("x" * 200)) == 140
    assert one_line("a\n b\t\tc\x00\u202ed") == "a b c d"
    assert one_line("x" * 140) == "x" * 140


anything = st.text(max_size=300)


@given(name=anything, claim_id=anything, published=anything, message=anything, got=anything | st.floats())
def test_no_text_breaks_a_status(
    name: str, claim_id: str, published: str, message: str, got: str | float
) -> None:
    judged = judge(spec(claim("a")), series("b", probe="b"))
    strange = replace(judged.claims[0], id=claim_id, published=published, message=message, got=got)
    judged = replace(judged, message=message, claims=(strange, replace(strange, got=None)))
    for status in (
        *statuses_for(judged, name, links=LINKS),
        pending(name, Phase.QUEUED, links=LINKS, detail=message),
    ):
        assert 0 < len(status.description) <= 140
        assert not any(
            unicodedata.category(character)[0] == "C" for character in status.description + status.context
        )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0 s"), (-1, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s")),
        *((59.6, "1 min"), (600, "10 min"), (200, "3 min 20 s"), (7200, "2 h")),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    assert duration(7500) == "2 h 5 min"


def test_sizes_read_well() -> None:
    assert [size(count) for count in (900, 48_000_000, 1_500_000_000)] == ["1 kB", "48 MB", "1.5 GB"]
