import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.mlflow.names import MAX_NAME, clean_name, fit_names, fit_text


@pytest.mark.parametrize("name", ["accuracy", "test/acc-1.5 :x", "a/b/c", "Größe", "x" * MAX_NAME])
def test_good_names_stay_as_they_are(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("/a", "a"),
        ("a//b/", "a/b"),
        ("./a", "a"),
        ("../a", "__/a"),
        ("a/../b", "a/__/b"),
        ("..hidden", "__hidden"),
        ("f1@k", "f1_k"),
        ("line\nbreak", "line_break"),
        ("", "_"),
        ("\ud800", "_"),
    ],
)
def test_other_names_are_replaced(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_names_that_would_become_one_stay_apart() -> None:
    fitted = fit_names(["f1@k", "f1_k", "f1%k", "x" * 300, "x" * 301])
    assert fitted["f1_k"] == "f1_k"
    assert len(set(fitted.values())) == 5


@given(st.lists(st.text(max_size=400), max_size=30))
def test_fitted_names_are_different_short_and_stable(names: list[str]) -> None:
    fitted = fit_names(names)
    assert set(fitted) == set(names)
    assert len(set(fitted.values())) == len(fitted)
    assert all(0 < len(name) <= MAX_NAME for name in fitted.values())
    assert all(clean_name(name) == name for name in fitted.values())
    assert fitted == fit_names(reversed(names))


@given(st.text(st.characters(), max_size=50), st.integers(1, 40))
def test_texts_are_cut_visibly_and_can_be_stored(text: str, limit: int) -> None:
    fitted = fit_text(text, limit)
    assert len(fitted) <= limit
    assert "\0" not in fitted
    fitted.encode()
    assert len(text) <= limit or fitted.endswith("…")
