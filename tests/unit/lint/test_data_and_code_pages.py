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

    assert lines[0] == f"# {rule.id}: {rule.title}"
    assert lines[2].startswith(rule.severity.value)
    assert lines[2].endswith(rule.barrier.value)
    assert [line for line in lines if line.startswith("## ")] == [
        *("## Why", "## Wrong", "## Right", "## How to ignore it")
    ]


@pytest.mark.parametrize("rule", RULES)
def test_what_a_page_calls_wrong_is_found_and_what_it_calls_right_is_not(rule: Rule) -> None:
    page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
    needed = {"train.py": "", "analysis.ipynb": "{}", "reprise.yaml": SMALLEST}

    if wrong := files(page, "Wrong"):
        assert found(rule.id, repo(needed | wrong))
    if right := files(page, "Right"):
        assert found(rule.id, repo(needed | right)) == []
