"""The errors that cross module borders, and the thread and process borders that pickling stands for."""

import pickle

import pytest

from reprise.domain.errors import Refused, RepriseError, Retryable, UserError
from reprise.domain.leasing.refusal import CloudRefused, Refusal

ERRORS = [
    Retryable("no answer"),
    Retryable("too many calls", 30),
    Refused("no"),
    UserError("which one?"),
    CloudRefused(Refusal.FULL, "none is free: try later"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_survives_pickling_with_all_that_it_says(error: RepriseError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert getattr(back, "after", None) == getattr(error, "after", None)
    assert getattr(back, "refusal", None) is getattr(error, "refusal", None)


def test_nobody_makes_us_wait_for_more_than_a_day() -> None:
    assert Retryable("wait", after=10**9).after == 86_400
    assert Retryable("wait", after=float("inf")).after == 86_400
