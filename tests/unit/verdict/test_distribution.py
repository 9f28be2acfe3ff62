"""Mode distribution through the whole judge: the golden vectors, every special case, and the sentences."""

from collections.abc import Sequence

import pytest
from tests.unit.verdict.build import claim, series, spec

from reprise.domain.run import Judgement, Level, Verdict
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import Sample, sample
from reprise.domain.verdict import judge

A = (0.9210, 0.9199, 0.9244, 0.9221, 0.9288)
R = (0.9232, 0.9177, 0.9255, 0.9210, 0.9266)
WORSE = (0.8998, 0.9021, 0.8954, 0.9010, 0.9032)


def judged(
    values: Sequence[float],
    published: str = "0.9232",
    per_seed: Sequence[float] | None = A,
    margin: float = 0.01,
) -> Judgement:
    samples: dict[str, Sample] = {} if per_seed is None else {"accuracy": sample(per_seed)}
    path = None if per_seed is None else "seeds.json"
    one = claim(published, Distribution(margin), per_seed=path)
    return judge(spec(one, n=len(values)), series(*values), published=samples)


@pytest.mark.parametrize(
    ("found", "verdict", "numbers", "p_value"),
    [
        (judged(R), Verdict.REPRODUCED, (-0.000440, 0.002246, 7.998, -0.004616, 0.003736), 0.001387),
        (
            judged(R, margin=0.004),
            Verdict.INCONCLUSIVE,
            (-0.000440, 0.002246, 7.998, -0.004616, 0.003736),
            0.075796,
        ),
        (judged(WORSE), Verdict.NOT_REPRODUCED, (-0.022940, 0.002075, 7.813, -0.026811, -0.019069), None),
        (
            judged(R, "0.9321", None),
            Verdict.INCONCLUSIVE,
            (-0.009300, 0.003917, 4, -0.017650, -0.000950),
            None,
        ),
        (
            judged(R, "0.9450", None),
            Verdict.NOT_REPRODUCED,
            (-0.022200, 0.003917, 4, -0.030550, -0.013850),
            None,
        ),
    ],
    ids=["V1", "V2", "V3", "V4", "V5"],
)
def test_golden_vectors_hold_to_the_printed_digits(
    found: Judgement, verdict: Verdict, numbers: tuple[float, ...], p_value: float | None
) -> None:
    (one,) = found.claims
    assert found.verdict is one.verdict is verdict
    assert found.level is one.level is (Level.D if verdict is Verdict.REPRODUCED else None)
    assert one.estimate is not None
    shown = (
        round(one.estimate.difference, 6),
        round(one.estimate.standard_error, 6),
        round(one.estimate.degrees_of_freedom, 3),
        round(one.estimate.low, 6),
        round(one.estimate.high, 6),
    )
    assert shown == numbers
    assert p_value is None or round(one.estimate.p_value or 0, 6) == p_value
