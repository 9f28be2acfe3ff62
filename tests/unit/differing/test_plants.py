"""Planted causes among benign variation: how often the planted one is named first."""

from collections import Counter

import pytest
from tests.plants import planted
from tests.plants.benign import DECOYS
from tests.plants.causes import TRUTHS
from tests.plants.score import confusion, first, right

from reprise.domain.differences import Factor
from reprise.domain.suspects import rank

SEEDS = range(20)
LEAST = 0.9


def test_the_planted_cause_is_named_first_nine_times_in_ten() -> None:
    plants = [planted(truth, seed) for truth in TRUTHS for seed in SEEDS]
    assert len(TRUTHS) >= 10
    assert all(len(plant.decoys) >= 5 for plant in plants)
    hits = sum(right(plant, first(plant)) for plant in plants)
    print(f"{hits} of {len(plants)} first\n{confusion(plants)}")
    assert hits >= LEAST * len(plants), confusion(plants)


@pytest.mark.parametrize("truth", TRUTHS)
def test_no_cause_is_hidden_behind_more_than_two_others(truth: Factor) -> None:
    for seed in SEEDS:
        plant = planted(truth, seed)
        shown = rank(plant.reference, plant.run, plant.clues)[:3]
        assert any(right(plant, suspect) for suspect in shown), (plant.decoys, [each.name for each in shown])


def test_every_kind_of_benign_variation_takes_part() -> None:
    drawn = Counter(name for truth in TRUTHS for seed in SEEDS for name in planted(truth, seed).decoys)
    assert set(drawn) == set(DECOYS)
