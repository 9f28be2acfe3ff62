"""How often mode distribution errs, by drawing values from known truths. `bench.calibration` shows it.

The draws go through the functions that judge a run. What is compared, is compared for all rates at once with
95 % confidence: Clopper and Pearson's interval for each, Bonferroni over all of them.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from reprise.domain.equivalence import decide
from reprise.domain.planning import ALPHA, Design, chances
from reprise.domain.run import Verdict
from reprise.domain.settling import estimator
from reprise.domain.spec.model import Better, Distribution, Side
from reprise.domain.statistics import sample

SEED = 20261121
DRAWS = 20_000
SHARED = 5
"""Claims of one run, where they share alpha."""
CONFIDENCE = 0.95
COMPUTED_ERROR = 0.001
"""Of the integral in `reprise.domain.planning`."""
TRIALS = (3, 5, 10, 20)
UNEQUAL = ((3, 20), (20, 3), (5, 20), (20, 5))
"""Trials and published values: here the degrees of freedom of Welch's interval are only approximate."""

Values = Sequence[float]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    title: str
    designs: tuple[Design, ...]
    ratios: tuple[float, ...]
    """Margins in standard deviations."""
    side: Side = Side.BOTH
    keeps_alpha: bool = True
    """Else what happens is only told."""


RULES = (
    Rule("D1", "Published per seed, as many as trials", tuple(Design(n, n) for n in TRIALS), (1, 1.5, 2, 3)),
    Rule("D2", "One published number", tuple(Design(n, 1) for n in TRIALS), (2, 3, 4, 6)),
    Rule("D3", "A fixed target", tuple(Design(n, 0) for n in TRIALS), (0.5, 1, 2, 3)),
    Rule(
        "D3",
        "A fixed target, no worse",
        tuple(Design(n, 0) for n in TRIALS),
        (0.5, 1, 2, 3),
        Side.NO_WORSE,
    ),
    Rule(
        "D1",
        "Published per seed, other counts",
        tuple(Design(*each) for each in UNEQUAL),
        (1, 2, 3, 6),
        keeps_alpha=False,
    ),
)


class Question(Enum):
    """What is counted, and at which truth."""

    FALSE_REPRODUCED = "reproduced, at exactly the margin"
    FALSE_MISS = "not reproduced, at exactly the margin"
    SHARED_MISS = f"the same, one of {SHARED} claims"
    MISS_UNCHANGED = "not reproduced, no difference"
    POWER = "reproduced, no difference"


NOMINAL = {
    Question.FALSE_REPRODUCED: ALPHA,
    Question.FALSE_MISS: ALPHA,
    Question.SHARED_MISS: ALPHA / SHARED,
    Question.MISS_UNCHANGED: ALPHA,
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One number of the page."""

    rule: Rule
    design: Design
    ratio: float
    question: Question
    hits: int
    draws: int
    computed: float

    @property
    def share(self) -> float:
        return self.hits / self.draws

    def interval(self, rates: int) -> tuple[float, float]:
        """Clopper and Pearson's, so narrow a tail that it holds for that many rates at once."""
        from scipy.special import betaincinv

        tail = (1 - CONFIDENCE) / 2 / rates
        missed = self.draws - self.hits
        low = float(betaincinv(self.hits, missed + 1, tail)) if self.hits else 0.0
        high = float(betaincinv(self.hits + 1, missed, 1 - tail)) if missed else 1.0
        return low, high


def rates(rules: Iterable[Rule] = RULES, *, draws: int = DRAWS) -> Iterator[Rate]:
    for rule in rules:
        for design in rule.designs:
            for ratio in rule.ratios:
                yield from _rates(rule, design, ratio, draws)


def above_nominal(found: list[Rate]) -> list[Rate]:
    """Where an error is certainly more frequent than it may be."""
    return [
        rate
        for rate in found
        if rate.rule.keeps_alpha
        and rate.question in NOMINAL
        and rate.interval(len(found))[0] > NOMINAL[rate.question]
    ]


def unlike_computed(found: list[Rate]) -> list[Rate]:
    def fits(rate: Rate) -> bool:
        low, high = rate.interval(len(found))
        return low - COMPUTED_ERROR <= rate.computed <= high + COMPUTED_ERROR

    return [rate for rate in found if not fits(rate)]


def _rates(rule: Rule, design: Design, ratio: float, draws: int) -> Iterator[Rate]:
    compare = Distribution(float(ratio), rule.side, Better.HIGHER)
    same, edge = chances(design, compare), chances(design, compare, shift=-ratio)
    edge_shared = chances(design, compare, shift=-ratio, tests=SHARED)
    unchanged, alone, shared = Counter[Verdict](), Counter[Verdict](), Counter[Verdict]()
    for new, published in drawn(rule, design, ratio, 0.0, draws):
        unchanged[verdict(new, published, compare, tests=1)] += 1
    for new, published in drawn(rule, design, ratio, -ratio, draws):
        alone[verdict(new, published, compare, tests=1)] += 1
        shared[verdict(new, published, compare, tests=SHARED)] += 1
    counted = (
        (Question.FALSE_REPRODUCED, alone[Verdict.REPRODUCED], edge.reproduced),
        (Question.FALSE_MISS, alone[Verdict.NOT_REPRODUCED], edge.not_reproduced),
        (Question.SHARED_MISS, shared[Verdict.NOT_REPRODUCED], edge_shared.not_reproduced),
        (Question.MISS_UNCHANGED, unchanged[Verdict.NOT_REPRODUCED], same.not_reproduced),
        (Question.POWER, unchanged[Verdict.REPRODUCED], same.reproduced),
    )
    for question, hits, computed in counted:
        yield Rate(rule, design, ratio, question, hits, draws, computed)


def drawn(
    rule: Rule, design: Design, ratio: float, shift: float, draws: int
) -> Iterator[tuple[Values, Values]]:
    """New and published values, normal with standard deviation 1; without published ones the target is 0."""
    source = random.Random(f"{SEED} {rule.name} {rule.side.value} {design.n} {design.m} {ratio} {shift}")  # noqa: S311
    for _ in range(draws):
        new = [source.gauss(shift, 1) for _ in range(design.n)]
        yield new, [source.gauss(0, 1) for _ in range(design.m)]


def verdict(new: Values, published: Values, compare: Distribution, *, tests: int) -> Verdict:
    """As a claim of a run is decided; ``tests`` claims share alpha."""
    reference = sample(published) if len(published) > 1 else sum(published)
    estimate, ours = estimator(reference, target=not published), sample(new)
    positive = estimate(ours, ALPHA)
    return decide(compare, positive, estimate(ours, ALPHA / tests) if tests > 1 else positive)
