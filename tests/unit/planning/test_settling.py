"""What would settle an inconclusive claim, held against the rule that it forecasts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.domain.equivalence import decide
from reprise.domain.run import Verdict
from reprise.domain.settling import (
    MOST_TRIALS,
    Reference,
    Settling,
    estimator,
    settling_text,
    trials_to_settle,
    what_settles,
)
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import ALPHA, Sample, sample

PUBLISHED = sample((0.9210, 0.9199, 0.9244, 0.9221, 0.9288))
AGAIN = sample((0.9232, 0.9177, 0.9255, 0.9210, 0.9266))


@pytest.mark.parametrize(
    ("published", "margin", "settling", "words"),
    [
        (PUBLISHED, 0.004, Settling(trials=11), "11 trials would settle it"),
        (
            PUBLISHED,
            0.002,
            Settling(seeds=29),
            "because 5 published values are too few: 29 published seeds and as many trials would",
        ),
        (PUBLISHED, 0.0005, Settling(), "not even 1,000 trials would settle it"),
        (0.9221, 0.01, Settling(trials=6), "6 trials would settle it"),
        (0.9300, 0.01, Settling(seeds=10), "because one published run is too few: 10 published seeds"),
    ],
)
def test_what_would_settle_it_is_named(
    published: Reference, margin: float, settling: Settling, words: str
) -> None:
    found = what_settles(AGAIN, published, Distribution(margin))
    assert found == settling
    count = published.count if isinstance(published, Sample) else 1
    assert words in settling_text(found, count)


def test_a_target_is_settled_by_trials_or_by_nothing() -> None:
    assert what_settles(AGAIN, 0.9200, Distribution(0.005), target=True) == Settling(trials=10)
    assert what_settles(AGAIN, 0.9200, Distribution(0.0028), target=True) == Settling()


@settings(max_examples=25)
@given(
    difference=st.floats(-3, 3),
    scatter=st.floats(0.1, 3),
    published=st.one_of(st.just(0.0), st.builds(Sample, st.just(0.0), st.floats(0.1, 3), st.integers(2, 9))),
    claims=st.integers(1, 4),
)
def test_the_number_is_the_first_at_which_the_rule_decides(
    difference: float, scatter: float, published: Reference, claims: int
) -> None:
    compare, estimate = Distribution(1.0), estimator(published)
    count = trials_to_settle(Sample(difference, scatter, 3), estimate, compare, claims=claims)

    def decided(trials: int) -> bool:
        new = Sample(difference, scatter, trials)
        verdict = decide(compare, estimate(new, ALPHA), estimate(new, ALPHA / claims))
        return verdict is not Verdict.INCONCLUSIVE

    fewer = range(4, count or MOST_TRIALS + 1)
    assert not any(map(decided, fewer))
    assert count is None or decided(count)
