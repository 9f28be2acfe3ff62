"""Claims: metric, published value and comparison, alone and in combination."""

import pytest
from tests.unit.spec.reading import CLAIM, SMALLEST, bad, claim, good

from reprise.domain.spec.model import (
    Better,
    Claim,
    Compare,
    Distribution,
    Exact,
    FileMetric,
    MlflowMetric,
    Published,
    PublishedKind,
    Side,
    Tolerance,
)

SEED = "version: 1\nrun: {command: x, seed: {arg: --seed}}\n"


def seeded(*, published: str = '{value: "0.93"}', compare: str = "", top: str = "") -> str:
    return SEED + claim(published=published, compare=compare, top=top).removeprefix(SMALLEST)


def test_a_claim_gets_its_defaults() -> None:
    assert good(claim()).claims == (
        Claim(
            id="a",
            where=None,
            metric=FileMetric("m.json", "/a", None),
            published=Published("0.93", PublishedKind.SINGLE, None),
            compare=Exact(),
            why=None,
        ),
    )


def test_a_full_claim_is_read() -> None:
    spec = good(
        SMALLEST
        + """\
claims:
  - id: acc
    where: "Table 2, row 3"
    metric: {mlflow: test acc, n_eval: 178}
    published: {value: 0.970, kind: mean, per_seed: seeds.json}
    compare: {mode: tolerance, tolerance: {abs: "5e-3", rel: 0.01}, side: both, better: higher, why: because}
"""
    )
    (read,) = spec.claims
    assert read == Claim(
        id="acc",
        where="Table 2, row 3",
        metric=MlflowMetric("test acc", 178),
        published=Published("0.970", PublishedKind.MEAN, "seeds.json"),
        compare=Tolerance(0.005, 0.01, Side.BOTH, Better.HIGHER),
        why="because",
    )
    assert read.published.at == (7, 53)


@pytest.mark.parametrize(
    "value", ["0.970", "'0.970'", "3.10", "1:30", "147", "1.5e-3", "yes", "null", "-.5", "abc def"]
)
def test_published_values_keep_their_text(value: str) -> None:
    assert good(claim(published=f"{{value: {value}}}")).claims[0].published.text == value.strip("'")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("{file: a.json}", FileMetric("a.json", "", None)),
        ('{file: a.json, pointer: ""}', FileMetric("a.json", "", None)),
        ("{file: a.json, pointer: /a~1b/0}", FileMetric("a.json", "/a~1b/0", None)),
        ("{mlflow: loss}", MlflowMetric("loss")),
    ],
)
def test_metrics_are_a_place_in_a_file_or_a_name(metric: str, expected: object) -> None:
    assert good(claim(metric=metric)).claims[0].metric == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (claim(id="Accuracy"), "claims[].id must be a name of at most 63 characters"),
        (claim(id="artifacts"), "claims[].id 'artifacts' is reserved; choose another"),
        (
            f"{SMALLEST}claims: [{CLAIM}, {CLAIM}]",
            "claims[].id 'a' is taken by the claim in line 3; choose another",
        ),
        (f"{SMALLEST}claims: [a]", "claims[] must be a mapping such as {id: accuracy"),
        (f"{SMALLEST}claims: [{{id: a}}]", "the key 'metric' is missing in claims[]"),
        (f"{SMALLEST}claims: [{{id: a}}]", "the key 'published' is missing in claims[]"),
        (
            claim(metric="m.json"),
            "claims[].metric must be a mapping such as {file: metrics.json, pointer: /accuracy}",
        ),
        (claim(metric="{}"), "claims[].metric needs file (with pointer) or mlflow"),
        (
            claim(metric="{file: a, mlflow: b}"),
            "claims[].metric.mlflow cannot stand beside file; keep one of them",
        ),
        (claim(metric="{mlflow: b, pointer: /a}"), "claims[].metric.pointer goes with file, not with mlflow"),
        (claim(metric="{file: a, pointer: a}"), "claims[].metric.pointer must be a JSON pointer such as"),
        (claim(metric="{file: a, pointer: /~2}"), "claims[].metric.pointer must be a JSON pointer such as"),
        (claim(metric="{file: a, n_eval: 0}"), "claims[].metric.n_eval must be a whole number from 1 to"),
        (
            claim(published='"0.93"'),
            'claims[].published must be a mapping such as {value: "0.93"}, not the quoted',
        ),
        (claim(published="{kind: mean}"), "the key 'value' is missing in claims[].published"),
        (claim(published='{value: ""}'), "claims[].published.value is empty; give a value or remove the key"),
        (claim(published="{value: [1]}"), "claims[].published.value must be a text, not a list"),
        (
            claim(published='{value: " 1"}'),
            "claims[].published.value must stand on one line, without spaces around",
        ),
        (
            claim(published="{value: 93.2%}"),
            "claims[].published.value must be written without %, and the metric",
        ),
        (claim(published="{value: 1e999}"), "claims[].published.value is a number out of range: '1e999'"),
        (claim(published="{value: 1e-999999999}"), "claims[].published.value is a number out of range"),
        (
            claim(published="{value: x, kind: mean}"),
            "claims[].published.value must be a number for kind: mean, not 'x'",
        ),
        (
            claim(published="{value: x, per_seed: a}"),
            "claims[].published.value must be a number for per_seed, not 'x'",
        ),
        (
            claim(published="{value: x}", compare="{mode: tolerance, tolerance: {abs: 1}}"),
            "claims[].published.value must be a number for mode: tolerance, not 'x'",
        ),
        (
            claim(published="{value: .nan}", compare="{mode: tolerance, tolerance: {abs: 1}}"),
            "claims[].published.value must be a number for mode: tolerance, not '.nan'",
        ),
        (
            claim(published="{value: x, sd: 2, m: 3}"),
            "claims[].published.value must be a number for sd, not 'x'",
        ),
        (claim(published="{value: 1, sd: 2}"), "claims[].published.sd needs m beside it"),
        (claim(published="{value: 1, m: 2}"), "claims[].published.m needs sd beside it"),
        (claim(published="{value: 1, sd: -2, m: 1}"), "claims[].published.sd must be a number of at least 0"),
        (claim(published="{value: 1, sd: -2, m: 1}"), "claims[].published.m must be a whole number from 2"),
        (
            claim(published="{value: 1, sd: 2, m: 3, per_seed: a}"),
            "claims[].published.sd cannot stand beside per_seed; keep one of them",
        ),
        (
            claim(published="{value: 1, kind: target}"),
            "claims[].published.kind target cannot be compared in mode: exact",
        ),
        (
            claim(published="{value: 1, kind: target}"),
            "claims[].published.kind target needs compare.better: higher or",
        ),
        (
            claim(
                published="{value: 1, kind: target, per_seed: a}",
                compare="{mode: tolerance, tolerance: {abs: 1}, better: lower}",
            ),
            "claims[].published.per_seed cannot stand beside kind: target",
        ),
        (
            claim(
                published="{value: 1, kind: target, sd: 1, m: 2}",
                compare="{mode: tolerance, tolerance: {abs: 1}, better: lower}",
            ),
            "claims[].published.sd cannot stand beside kind: target",
        ),
        (claim(compare="exact"), "claims[].compare must be a mapping such as {mode: tolerance"),
        (
            claim(compare="{mode: close}"),
            "claims[].compare.mode must be one of exact, tolerance, distribution, not",
        ),
        (
            claim(compare="{mode: tolerance}"),
            "claims[].compare.mode tolerance needs a bound, claims[].compare.tolerance",
        ),
        (
            claim(compare="{tolerance: {abs: 1}}"),
            "claims[].compare.tolerance goes with mode: tolerance, but this",
        ),
        (
            claim(compare="{margin: 1}"),
            "claims[].compare.margin goes with mode: distribution, but this claim's mode",
        ),
        (
            claim(compare="{tolerance: 0.1}"),
            'claims[].compare.tolerance must be a mapping such as {abs: "0.005"}, not',
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {}}"),
            "claims[].compare.tolerance needs abs, rel or both",
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {abs: -1}}"),
            "claims[].compare.tolerance.abs must be a number of",
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {rel: 5%}}"),
            "claims[].compare.tolerance.rel must be a number of",
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {rel: .inf}}"),
            "claims[].compare.tolerance.rel must be a number",
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {abs: 0}}"),
            "claims[].compare.tolerance of 0 allows nothing; use",
        ),
        (
            claim(compare="{mode: tolerance, tolerance: {abs: 0, rel: 0}}"),
            "claims[].compare.tolerance of 0 allows",
        ),
        (
            claim(compare="{side: no-worse, better: higher}"),
            "claims[].compare.side no-worse needs mode: tolerance or distribution; exact has no sides",
        ),
        (
            claim(compare="{side: no-worse}"),
            "claims[].compare.side no-worse needs better: higher or lower beside it",
        ),
        (
            claim(compare="{better: bigger}"),
            "claims[].compare.better must be one of higher, lower, not 'bigger'",
        ),
        (
            claim(compare="{mode: distribution}"),
            "claims[].compare.mode distribution needs a bound, claims[].compare",
        ),
        (
            claim(compare="{mode: distribution, margin: 0}"),
            "claims[].compare.margin must be a number above 0",
        ),
        (
            claim(compare="{mode: distribution, margin: -1}"),
            "claims[].compare.margin must be a number above 0",
        ),
        (
            claim(compare="{mode: distribution, margin: 1}"),
            "claims[].compare.mode distribution needs run.seed",
        ),
        (
            claim(compare="{mode: distribution, margin: 1}", top="runs: {n: 1}\n"),
            "claims[].compare.mode distribution needs several trials, but runs.n is 1",
        ),
        (
            SMALLEST + "claims: [{control: {args: []}}]",
            "claims[].control.args is empty: the control would be",
        ),
        (
            SMALLEST + f"claims: [{{control: {{args: {[*'x' * 101]}}}}}]",
            "claims[].control.args has 101 texts; at most 100",
        ),
        (SMALLEST + "claims: [{control: {}}]", "the key 'args' is missing in claims[].control"),
        (
            SMALLEST + "claims: [{control: {args: x}}]",
            "claims[].control.args must be a list of texts, not 'x'",
        ),
        (claim(compare="{level: A}"), "unknown key 'level' in claims[].compare; known are"),
    ],
)
def test_each_rule_of_a_claim_has_its_sentence(text: str, expected: str) -> None:
    problems = bad(text)
    assert any(problem.split(": ", 1)[1].startswith(expected) for problem in problems), problems


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        ("{mode: distribution, margin: '0.005'}", Distribution(0.005)),
        (
            "{mode: distribution, margin: 5e-3, side: both, better: lower}",
            Distribution(0.005, Side.BOTH, Better.LOWER),
        ),
        (
            "{mode: distribution, margin: 1, side: no-worse, better: higher}",
            Distribution(1, Side.NO_WORSE, Better.HIGHER),
        ),
        (
            "{mode: tolerance, tolerance: {abs: 1}, side: no-worse, better: higher}",
            Tolerance(1, 0, Side.NO_WORSE, Better.HIGHER),
        ),
    ],
)
def test_bounds_and_sides_are_read(compare: str, expected: Compare) -> None:
    assert good(seeded(compare=compare)).claims[0].compare == expected


@pytest.mark.parametrize(
    ("compare", "side"),
    [
        ("{mode: distribution, margin: 1, better: lower}", Side.NO_WORSE),
        ("{mode: distribution, margin: 1, better: lower, side: both}", Side.BOTH),
        ("{mode: tolerance, tolerance: {rel: 0.1}, better: lower}", Side.NO_WORSE),
    ],
)
def test_of_a_target_only_the_worse_side_counts_unless_both_is_written(compare: str, side: Side) -> None:
    read = good(seeded(published="{value: 1, kind: target}", compare=compare)).claims[0]
    assert isinstance(read.compare, Distribution | Tolerance)
    assert (read.published.kind, read.compare.side) == (PublishedKind.TARGET, side)


def test_a_published_spread_is_read_with_its_count() -> None:
    read = good(claim(published="{value: 0.93, kind: mean, sd: 4e-3, m: 5}")).claims[0].published
    assert (read.sd, read.m) == (0.004, 5)


def test_a_distribution_has_five_trials_and_no_probe_unless_declared() -> None:
    compare = "{mode: distribution, margin: 1}"
    spec = good(seeded(compare=compare))
    assert (spec.n, spec.determinism.self_repeat) == (5, False)
    declared = good(seeded(compare=compare, top="runs: {n: 3}\ndeterminism: {self_repeat: true}\n"))
    assert (declared.n, declared.determinism.self_repeat) == (3, True)


def test_fewer_than_all_of_the_five_may_fail() -> None:
    compare = "{mode: distribution, margin: 1}"
    assert good(seeded(compare=compare, top="runs: {allow_failed: 4}\n")).allow_failed == 4
    (problem,) = bad(seeded(compare=compare, top="runs: {allow_failed: 5}\n"))
    assert problem == "3:22: runs.allow_failed must be less than runs.n, which is 5"


def test_a_claim_in_another_mode_beside_a_distribution_keeps_its_probe() -> None:
    more = '{id: b, metric: {file: m.json}, published: {value: "1"}}]'
    text = seeded(compare="{mode: distribution, margin: 1}").rstrip().removesuffix("]") + f", {more}"
    spec = good(text)
    assert (spec.n, spec.determinism.self_repeat) == (5, True)


@pytest.mark.parametrize("tolerance", ["{abs: 0, rel: 0.1}", "{abs: 0.1, rel: 0}"])
def test_one_of_two_tolerances_may_be_zero(tolerance: str) -> None:
    assert good(claim(compare=f"{{mode: tolerance, tolerance: {tolerance}}}"))


def test_a_best_result_may_be_claimed_exactly() -> None:
    assert (
        good(claim(published="{value: 1.0, kind: best-of}")).claims[0].published.kind is PublishedKind.BEST_OF
    )
