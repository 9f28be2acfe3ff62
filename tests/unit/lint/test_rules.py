"""The pages of these rules: their titles, and what is wrong and right in them."""

import re
from pathlib import Path

import pytest
from tests.unit.lint.build import SMALLEST, found, repo

from reprise.domain.lint import code, data
from reprise.domain.lint.model import Rule

PAGES = Path(__file__).parents[3] / "docs" / "rules"
RULES = [pytest.param(rule, id=rule.id) for rule in (*data.RULES, *code.RULES)]
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def files(page: str, section: str) -> dict[str, str]:
    return dict(BLOCK.findall(page.partition(f"## {section}\n")[2].partition("\n## ")[0]))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_page(rule: Rule) -> None:
    page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
    lines = page.splitlines()

    assert text.startswith(f"# {rule.id}")
    assert "ignore" in text or "baseline" in text
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_words_are_whole(rule: Rule) -> None:
    assert re.fullmatch(r"RX\d\d", rule.id)
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why

    if wrong := files(page, "Wrong"):
        assert found(rule.id, repo(needed | wrong))
    if right := files(page, "Right"):
        assert found(rule.id, repo(needed | right)) == []
