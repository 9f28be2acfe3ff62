"""The rules err as seldom as they say, on a small part of what `make calibration` draws."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from bench.calibration import PAGE, cell, unlike_expected
from bench.draws import RULES, Question, Rule, above_nominal, drawn, rates, unlike_computed, verdict

from reprise.domain.distribution import Method, judge_distribution
from reprise.domain.planning import ALPHA
from reprise.domain.spec.model import (
    Better,
    Claim,
    Distribution,
    MlflowMetric,
    Published,
    PublishedKind,
)
from reprise.domain.statistics import sample

SMALL = tuple(
    replace(rule, designs=tuple(design for design in rule.designs if design.n == 5), ratios=rule.ratios[1:3])
    for rule in RULES
    if rule.keeps_alpha
)


def test_both_errors_stay_at_their_nominal_rate_and_are_as_computed() -> None:
    found = list(rates(SMALL, draws=1_000))
    assert len(found) == 4 * 2 * len(Question)
    assert above_nominal(found) == []
    assert unlike_computed(found) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
@pytest.mark.parametrize("tests", [1, 5])
def test_what_is_counted_are_the_verdicts_of_a_run(rule: Rule, tests: int) -> None:
    design, ratio = rule.designs[0], rule.ratios[1]
    compare = Distribution(float(ratio), rule.side, Better.HIGHER)
    for new, published in drawn(rule, design, ratio, -ratio, 12):
        judged = judge_distribution(
            published_as(published, compare),
            compare,
            new,
            per_seed=sample(published) if len(published) > 1 else None,
            method=Method(ALPHA, tests, 0.95),
        )
        assert judged.verdict is verdict(new, published, compare, tests=tests)


def published_as(values: Sequence[float], compare: Distribution) -> Claim:
    text = repr(sum(values) / len(values)) if values else "0"
    kind = PublishedKind.MEAN if values else PublishedKind.TARGET
    per_seed = "seeds.json" if len(values) > 1 else None
    return Claim("accuracy", None, MlflowMetric("accuracy"), Published(text, kind, per_seed), compare, None)


def test_a_rate_that_is_too_high_would_be_found() -> None:
    found = list(rates(SMALL[:1], draws=500))
    often = [replace(rate, hits=60) for rate in found]
    wrong = {rate.question for rate in above_nominal(often)}
    assert wrong == {
        Question.FALSE_REPRODUCED,
        Question.FALSE_MISS,
        Question.SHARED_MISS,
        Question.MISS_UNCHANGED,
    }
    assert len(unlike_computed(often)) == len(often)


def test_the_page_was_written_by_this_code() -> None:
    """One cell of each table drawn again in full would take a minute; the quickest one shows it as well."""
    rule = next(rule for rule in RULES if rule.name == "D3")
    found = list(rates((replace(rule, designs=rule.designs[:1], ratios=rule.ratios[:1]),)))
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index(f"### {rule.title} ({rule.name})") :].split("###")[1]
    for rate in found:
        assert f"| {rate.question.value} | {cell(rate)} |" in section
    assert unlike_expected(found) == []
