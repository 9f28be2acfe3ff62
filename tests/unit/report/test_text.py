"""Strangers' text is shown as it is, and can neither notify, link, hide nor break out."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.text import (
    ZERO_WIDTH_SPACE,
    clean,
    code,
    fenced,
    for_terminal,
    inline,
    link,
    paragraph,
    sentence,
)

Z = ZERO_WIDTH_SPACE
nasty = st.text(
    alphabet=st.sampled_from(list("@#|`<>&*_[]()~\\$:/-! \n\r\tabGH19.w\x1b\u202e\u200bé")) | st.characters(),
    max_size=80,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("results/test_acc.json", "results/test_acc.json"),
        ("__init__.py", r"\_\_init\_\_.py"),
        ("a|b", r"a\|b"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("&amp;", "&amp;amp;"),
        ("thanks @ada", f"thanks @{Z}ada"),
        ("a@b.org", f"a@{Z}b.org"),
        ("fixes #12", f"fixes #{Z}12"),
        ("see GH-12", f"see GH{Z}-12"),
        ("https://example.org/a", f"https:{Z}//example.org/a"),
        ("www.example.org", f"www{Z}.example.org"),
        ("[a](b)", r"\[a\](b)"),
        ("*b* `c`", r"\*b\* 'c'"),
        ("$HOME", "$HOME"),
        ("$a$", f"${Z}a${Z}"),
        ("two\nlines\r\n", "two lines"),
        ("a\u202eb\u200bc\x07", "abc"),
        ("\x1b[31mred\x1b[0m", "red"),
    ],
)
def test_running_text_is_escaped(text: str, shown: str) -> None:
    assert inline(text) == shown


@pytest.mark.parametrize("text", ["- a", "+1", "1. a", "12)", "===", "0."])
def test_a_paragraph_begins_no_list_or_heading(text: str) -> None:
    assert paragraph(text) == Z + text


def test_a_sentence_ends_once() -> None:
    assert [sentence(text) for text in ("a", "a.", "a?", "  ", "0")] == ["a.", "a.", "a?", "", f"{Z}0."]


def test_code_keeps_a_table_and_its_fence_whole() -> None:
    assert code("a`b|c\nd") == "`a'b¦c d`"
    assert code("") == "–"


def test_a_log_shows_what_a_terminal_would() -> None:
    assert fenced("\x1b[1mepoch 1\x1b[0m\n 10%\r100%\r\ndone") == "```text\nepoch 1\n100%\ndone\n```"


def test_a_log_cannot_close_its_fence() -> None:
    assert fenced("```\n````").split("\n") == ["`````text", "```", "````", "`````"]


def test_links_are_ours_and_stay_whole() -> None:
    assert link("run", "https://r/a (1)") == "[run](https://r/a%20%281%29)"


@given(nasty)
def test_nothing_notifies_or_breaks_out(text: str) -> None:
    for shown in (inline(text), code(text)):
        assert "\n" not in shown
        assert not re.search(r"@[^\u200b]", shown)
    shown = inline(text)
    assert not re.search(r"#[^\u200b]|://|<|>|(?<!\\)\||`", shown)
    assert not re.search(r"(?<!\\)\|", code(text))


@given(nasty)
def test_only_the_zero_width_space_is_invisible(text: str) -> None:
    for shown in (inline(text), code(text), *fenced(text).split("\n")):
        assert not any(unicodedata.category(each)[0] == "C" for each in shown.replace(Z, ""))


@given(nasty)
def test_a_terminal_shows_the_text_itself(text: str) -> None:
    assert (
        for_terminal("x " + inline(text, 1000)).rstrip("\n") == ("x " + clean(text).replace("`", "'")).strip()
    )


def test_sections_become_headings_in_a_terminal() -> None:
    section = "<details open><summary>Log</summary>\n\n```text\n\\*b\n```\n\n</details>"
    markdown = f"<!-- reprise:x -->\n### a\n\n{section}\n\n`a\\*`"
    assert for_terminal(markdown) == "### a\n\n#### Log\n\n    \\*b\n\n`a\\*`\n"
