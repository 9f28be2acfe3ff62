"""The intervals on numbers that were worked out by hand, and on whatever hypothesis finds."""

import pytest

from reprise.domain.equivalence import decide
from reprise.domain.run import Estimate, Verdict
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import against_draw, against_sample, prediction_interval, sample

PUBLISHED = sample((0.9210, 0.9199, 0.9244, 0.9221, 0.9288))
AGAIN = sample((0.9232, 0.9177, 0.9255, 0.9210, 0.9266))
WORSE = sample((0.8998, 0.9021, 0.8954, 0.9010, 0.9032))


ONE = (-0.000440, 0.002246, 7.998, -0.004616, 0.003736)
"""Difference, standard error, degrees of freedom, both ends."""


@pytest.mark.parametrize(
    ("estimate", "printed", "margin", "verdict"),
    [
        (against_sample(AGAIN, PUBLISHED), ONE, 0.010, Verdict.REPRODUCED),
        (against_sample(AGAIN, PUBLISHED), ONE, 0.004, Verdict.INCONCLUSIVE),
        (
            against_sample(WORSE, PUBLISHED),
            (-0.022940, 0.002075, 7.813, -0.026811, -0.019069),
            0.010,
            Verdict.NOT_REPRODUCED,
        ),
        (
            against_draw(AGAIN, 0.9321),
            (-0.009300, 0.003917, 4, -0.017650, -0.000950),
            0.010,
            Verdict.INCONCLUSIVE,
        ),
        (
            against_draw(AGAIN, 0.9450),
            (-0.022200, 0.003917, 4, -0.030550, -0.013850),
            0.010,
            Verdict.NOT_REPRODUCED,
        ),
    ],
    ids=["V1", "V2", "V3", "V4", "V5"],
)
def test_golden_vectors_hold_to_the_printed_digits(
    estimate: Estimate, printed: tuple[float, ...], margin: float, verdict: Verdict
) -> None:
    found = (
        round(estimate.difference, 6),
        round(estimate.standard_error, 6),
        round(estimate.degrees_of_freedom, 3),
        round(estimate.low, 6),
        round(estimate.high, 6),
    )
    assert found == printed
    assert decide(Distribution(margin), estimate, estimate) is verdict


def test_the_prediction_interval_tells_an_unlucky_draw_from_another_distribution() -> None:
    low, high = prediction_interval(AGAIN)
    assert (round(low, 4), round(high, 4)) == (0.9119, 0.9337)
    assert low < 0.9321 < high < 0.9450
