"""Every rule has a page, an id of its own, and words of the shape that reports expect."""

import re
from pathlib import Path

import pytest

from reprise.domain.lint.model import Rule
from reprise.domain.lint.rules import RULES

ROOT = Path(__file__).parents[3]
MOST_LINES = 35


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_page(rule: Rule) -> None:
    text = (ROOT / rule.page).read_text(encoding="utf-8")

    assert text.startswith(f"# {rule.id}")
    assert "ignore" in text or "baseline" in text
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_words_are_whole(rule: Rule) -> None:
    assert re.fullmatch(r"RX\d\d", rule.id)
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why


def test_no_id_has_two_meanings() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))


def test_no_page_is_of_a_rule_that_is_gone() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("RX*.md")}
    assert pages == {rule.id for rule in RULES}
