"""What ``.dockerignore`` leaves out. The table was compared with BuildKit's own matcher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.images.ignore import Ignore, parse

PATHS = st.lists(st.sampled_from(["a", "b", "ab", "c.txt", ".x"]), min_size=1, max_size=4).map("/".join)


def rules(text: str) -> Ignore:
    found = parse(text)
    assert isinstance(found, Ignore), found
    return found


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("/a/", "a/b", True),
        ("**/a", "b/c/a", True),
        ("**/a", "a", True),
        ("*.txt", "c.txt", True),
        ("*.txt", "a/c.txt", False),
        ("**/*.txt", "a/b/c.txt", True),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("**a", "bba", True),
        ("**a*", "bba", False),
        ("a?", "ab", True),
        ("a?", "a/", False),
        ("[ab]c", "bc", True),
        ("[^ab]c", "bc", False),
        ("*\n!a", "a/b", False),
        ("*\n!a\na/b", "a/b", True),
        ("!a\n*", "a", True),
        ("# a\na", "# a", False),
        ("  a  ", "a", True),
        ("./a", "a", True),
        ("\ufeffa", "a", True),
        (".", "a", False),
        ("**", "a/b", True),
        ("a+b", "a+b", True),
        ("a.b", "axb", False),
    ],
)
def test_rules(text: str, path: str, out: bool) -> None:
    assert rules(text).leaves_out(path) is out


@pytest.mark.parametrize("text", ["!", "[a", "a\\"])
def test_what_is_no_pattern_is_named(text: str) -> None:
    assert parse(f"ok\n{text}\n") == text


@given(st.text(max_size=60), PATHS)
def test_any_text_is_understood_or_named(text: str, path: str) -> None:
    found = parse(text)
    assert isinstance(found, str) or found.leaves_out(path) in (True, False)


@given(PATHS, PATHS)
def test_a_path_leaves_out_itself_and_all_below(path: str, below: str) -> None:
    assert rules(path).leaves_out(path)
    assert rules(path).leaves_out(f"{path}/{below}")
    assert not rules(f"{path}\n!{path}").leaves_out(f"{path}/{below}")
    assert not rules("").leaves_out(path)
