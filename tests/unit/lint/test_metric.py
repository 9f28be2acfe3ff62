"""Rules about claims: each fires on the smallest spec that breaks it, and on no other."""

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Repo

CLAIM = """\
version: 1
name: wine
run:
  command: [python, train.py]
  seed: {arg: --seed}
claims:
  - id: accuracy
    where: "Table 2, row 3"
    metric: {file: results/metrics.json, pointer: /test/accuracy, n_eval: 10000}
    published: {value: "0.9324"}
    compare: {mode: exact}
"""
EXACT = "compare: {mode: exact}"
TOLERANCE = 'compare: {mode: tolerance, tolerance: {abs: "0.003"}, why: "two runs differ by as much"}'
DISTRIBUTION = 'compare: {mode: distribution, margin: "0.005", why: "half the gap to the baseline"}'


def claim(*changes: tuple[str, str]) -> str:
    text = CLAIM
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


# --- RX01 ----------------------------------------------------------------------------------------------


def test_a_repository_without_a_spec_and_an_experiment_without_a_claim_are_told_so() -> None:
    (nothing,) = findings("RX01", repo({"train.py": ""}))
    (unclaimed,) = findings("RX01", repo({}, SMALLEST))
    assert (nothing.file, nothing.severity) == ("reprise.yaml", Severity.INFORMATION)
    assert (unclaimed.line, unclaimed.severity) == (1, Severity.INFORMATION)


def test_a_spec_that_cannot_be_used_is_not_missing() -> None:
    unusable = Repo(repo({}, SMALLEST).entries, lambda path: None)
    assert found("RX01", unusable) == []


@pytest.mark.parametrize(
    "committed",
    [
        '{"test": {"acuracy": 0.9324}}',
        '{"test": {"accuracy": null}}',
        '{"test": {"accuracy": "0.93x"}}',
        "a,b\n",
    ],
)
def test_a_pointer_that_the_committed_results_do_not_have_is_an_error(committed: str) -> None:
    (finding,) = findings("RX01", repo({"results/metrics.json": committed}, CLAIM))
    assert (finding.file, finding.line, finding.severity) == ("reprise.yaml", 9, Severity.ERROR)
    assert "accuracy" in finding.message
    assert not finding.message.endswith(".")


@pytest.mark.parametrize(
    "committed",
    ['{"test": {"accuracy": 0.91}}', "{}", "", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"],
)
def test_results_that_resolve_or_say_nothing_yet_are_fine(committed: str) -> None:
    assert found("RX01", repo({"results/metrics.json": committed}, CLAIM)) == []


def test_a_metric_file_is_looked_for_in_the_working_folder() -> None:
    inside = claim(("run:\n", "run:\n  workdir: code\n"))
    assert found("RX01", repo({"results/metrics.json": '{"other": 1}'}, inside)) == []
    assert found("RX01", repo({"code/results/metrics.json": '{"other": 1}'}, inside)) == [
        ("reprise.yaml", 10)
    ]


def test_results_that_are_not_committed_are_the_jobs_business() -> None:
    assert found("RX01", repo({}, CLAIM)) == []


# --- RX02, RX03, RX04 ----------------------------------------------------------------------------------


def test_a_bound_needs_a_reason() -> None:
    silent = claim((EXACT, 'compare: {mode: tolerance, tolerance: {abs: "0.003"}}'))
    assert found("RX02", repo({}, silent)) == [("reprise.yaml", 11)]
    assert found("RX02", repo({}, claim((EXACT, TOLERANCE)))) == []
    assert found("RX02", repo({}, CLAIM)) == []


def test_the_best_of_several_runs_decides_nothing() -> None:
    best = claim(('{value: "0.9324"}', '{value: "0.9324", kind: best-of}'))
    assert found("RX02", repo({}, best)) == [("reprise.yaml", 10)]


def test_a_published_value_has_a_place() -> None:
    nowhere = claim(('    where: "Table 2, row 3"\n', ""))
    assert found("RX03", repo({}, nowhere)) == [("reprise.yaml", 7)]
    assert found("RX03", repo({}, CLAIM)) == []


def test_a_distribution_wants_more_than_one_published_run() -> None:
    single = claim((EXACT, DISTRIBUTION))
    spread = claim(
        (EXACT, DISTRIBUTION), ('{value: "0.9324"}', '{value: "0.9324", kind: mean, sd: "0.002", m: 5}')
    )
    seeds = claim(
        (EXACT, DISTRIBUTION), ('{value: "0.9324"}', '{value: "0.9324", kind: mean, per_seed: p.json}')
    )
    assert found("RX04", repo({}, single)) == [("reprise.yaml", 10)]
    assert found("RX04", repo({}, spread)) == []
    assert found("RX04", repo({"p.json": "[0.9324]"}, seeds)) == []
    assert found("RX04", repo({}, CLAIM)) == []


# --- RX05 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compare", "says"),
    [
        ('{mode: tolerance, tolerance: {abs: "0.00001"}, why: x}', "half a unit"),
        ('{mode: distribution, margin: "0.002", why: x}', "less than the standard error"),
        ('{mode: distribution, margin: "0.01", why: x}', "more than three times"),
        ('{mode: tolerance, tolerance: {rel: "0.02"}, why: x}', "more than three times"),
    ],
)
def test_a_bound_that_makes_no_sense_is_named(compare: str, says: str) -> None:
    (finding,) = findings("RX05", repo({}, claim(("{mode: exact}", compare))))
    assert says in finding.message
    assert finding.line == 11


@pytest.mark.parametrize("compare", [EXACT, TOLERANCE, DISTRIBUTION])
def test_a_sensible_bound_is_left_alone(compare: str) -> None:
    assert found("RX05", repo({}, claim((EXACT, compare)))) == []


def test_a_tolerance_may_be_finer_than_the_error_of_a_test_set_that_stays_the_same() -> None:
    fine = 'compare: {mode: tolerance, tolerance: {abs: "0.0001"}, why: x}'
    assert found("RX05", repo({}, claim((EXACT, fine)))) == []


# --- RX06 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (EXACT, TOLERANCE),
        (EXACT, DISTRIBUTION),
        (TOLERANCE, TOLERANCE.replace("0.003", "0.004")),
        (DISTRIBUTION, DISTRIBUTION.replace("0.005", "0.006")),
        (TOLERANCE, TOLERANCE.replace("why:", "side: no-worse, better: higher, why:")),
    ],
)
def test_a_wider_bar_is_told_once_and_a_narrower_one_never(before: str, now: str) -> None:
    old, new = claim((EXACT, before)), claim((EXACT, now))
    assert found("RX06", repo({}, new, before={"reprise.yaml": old})) == [("reprise.yaml", 11)]
    assert found("RX06", repo({}, old, before={"reprise.yaml": new})) == []
    assert found("RX06", repo({}, new, before={"reprise.yaml": new})) == []


def test_fewer_printed_digits_are_a_wider_bar() -> None:
    rounded = claim(('"0.9324"', '"0.93"'))
    (finding,) = findings("RX06", repo({}, rounded, before={"reprise.yaml": CLAIM}))
    assert "±5e-05 became ±0.005" in finding.message


@pytest.mark.parametrize("before", [{}, {"reprise.yaml": "claims: ["}, {"reprise.yaml": SMALLEST}])
def test_without_the_same_claim_before_there_is_nothing_to_compare(before: dict[str, str]) -> None:
    assert found("RX06", repo({}, claim((EXACT, TOLERANCE)), before=before)) == []
