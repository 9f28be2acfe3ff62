"""Levels A and B need data that the repository pins."""

from dataclasses import replace

from tests.unit.verdict.build import DIGEST, claim, spec, tolerance, trial

from reprise.domain.data.pinning import unpinned, with_data
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Judgement, Level, Verdict
from reprise.domain.spec.model import Artifact, Compare, Distribution, Spec
from reprise.domain.verdict import judge

LOOSE = ("data/a.csv",)


def judged(
    compare: Compare | None = None, *, identical: bool = False, values: tuple[float, ...] = (0.97,)
) -> tuple[Spec, Judgement]:
    artifacts = [Artifact("p.csv", DIGEST, False)] if identical else []
    declared = spec(claim("0.97", compare), n=len(values), artifacts=artifacts)
    found: dict[str, str | None] = {"p.csv": DIGEST} if identical else {}
    results = [trial(value, index=index) for index, value in enumerate(values)]
    results = [replace(each, artifacts=found) for each in results]
    return declared, judge(declared, results)


def test_pinned_data_change_nothing() -> None:
    declared, before = judged(identical=True)
    assert before.level is Level.A
    assert with_data(before, declared, ()) == before


def test_an_exact_claim_is_inconclusive() -> None:
    for identical in (False, True):
        declared, before = judged(identical=identical)
        after = with_data(before, declared, LOOSE)
        assert (after.verdict, after.level) == (Verdict.INCONCLUSIVE, None)
        assert "not pinned" in after.message
        assert "data/a.csv" in after.notes[-1]


def test_a_tolerance_keeps_level_c() -> None:
    for identical in (False, True):
        declared, before = judged(tolerance(0.01), identical=identical)
        assert before.level in (Level.A, Level.B)
        after = with_data(before, declared, LOOSE)
        assert (after.verdict, after.level, after.claims[0].level) == (Verdict.REPRODUCED, Level.C, Level.C)
        assert "data/a.csv" in after.notes[-1]


def test_a_distribution_keeps_level_d_where_its_interval_tells() -> None:
    close = (0.97, 0.9701, 0.9699, 0.97, 0.9702)
    declared, before = judged(Distribution(0.01), identical=True, values=close)
    assert before.level is Level.A
    after = with_data(before, declared, LOOSE)
    assert (after.verdict, after.level) == (Verdict.REPRODUCED, Level.D)


def test_identical_artifacts_do_not_settle_what_the_interval_leaves_open() -> None:
    wide = (0.90, 1.04, 0.95, 0.99, 0.97)
    declared, before = judged(Distribution(0.01), identical=True, values=wide)
    assert (before.verdict, before.level) == (Verdict.REPRODUCED, Level.A)
    after = with_data(before, declared, LOOSE)
    assert (after.verdict, after.level) == (Verdict.INCONCLUSIVE, None)


def test_a_miss_stays_a_miss_and_says_so() -> None:
    declared, before = judged(tolerance(0.01), values=(0.5,))
    after = with_data(before, declared, LOOSE)
    assert (after.verdict, after.message) == (before.verdict, before.message)
    assert len(after.notes) == len(before.notes) + 1


def test_without_claims_identical_artifacts_are_no_level() -> None:
    declared = spec(artifacts=[Artifact("p.csv", DIGEST, False)])
    before = judge(declared, [replace(trial(), artifacts={"p.csv": DIGEST})])
    assert before.level is Level.A
    after = with_data(before, declared, LOOSE)
    assert (after.verdict, after.level) == (Verdict.NOT_JUDGED, None)


def test_many_files_are_counted() -> None:
    declared, before = judged()
    note = with_data(before, declared, [f"{n}.csv" for n in range(9)]).notes[-1]
    assert "4.csv and 4 more" in note


def test_only_files_that_nobody_pins_are_named() -> None:
    files = [FetchedFile(name, "/x", DIGEST, 1, "https://x.test", pinned=name == "b") for name in "cba"]
    assert unpinned(files) == ("a", "c")
