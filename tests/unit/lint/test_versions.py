"""Ranges of plain versions, compared with what the packaging library says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.lint.versions import lies_in, normal_parts

packaging = pytest.importorskip("packaging.specifiers")

NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
OPERATORS = st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="])


@given(NUMBERS, OPERATORS, NUMBERS, st.booleans())
def test_plain_ranges_mean_what_the_standard_says(
    version: str, operator: str, bound: str, star: bool
) -> None:
    if operator == "~=" and "." not in bound:
        return
    bounds = f"{operator}{bound}" + (".*" if star and operator in ("==", "!=") else "")
    assert lies_in(version, bounds) is packaging.SpecifierSet(bounds).contains(version)


@pytest.mark.parametrize(("version", "bounds"), [("1.0a1", ">=1"), ("1.0", ">=1.0a1"), ("1.0", "nonsense")])
def test_what_is_not_plain_gets_no_answer(version: str, bounds: str) -> None:
    assert lies_in(version, bounds) is None


def test_zeros_at_the_end_make_no_difference() -> None:
    assert normal_parts(">= 2.4.0, <3.0") == normal_parts("<3,>=2.4")
    assert normal_parts("~=2.4") != normal_parts("~=2.4.0")
