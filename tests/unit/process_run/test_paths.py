"""Declared paths stay inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (".", ()),
        ("", ()),
        ("a.json", ("a.json",)),
        ("./results//a.json", ("results", "a.json")),
        ("results/", ("results",)),
        ("...", ("...",)),
    ],
)
def test_path_is_split_into_its_parts(path: str, parts: tuple[str, ...]) -> None:
    assert parts_inside(path) == parts


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/etc/passwd", "is absolute"),
        ("../a", "climbs"),
        ("a/../b", "climbs"),
        ("a\0b", "cannot be a file name"),
        ("a\ud800", "cannot be a file name"),
        ("a/" * 100, "more than 64 folders"),
    ],
)
def test_path_that_could_leave_is_refused_with_a_sentence(path: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parts_inside(path)


@given(st.text(alphabet=st.sampled_from("ab./\0 \ud800é")))
def test_accepted_parts_are_plain_names(path: str) -> None:
    try:
        parts = parts_inside(path)
    except UserError:
        return
    assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)
