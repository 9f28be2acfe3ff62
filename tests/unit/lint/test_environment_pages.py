"""Pages of rules about environment and documentation: what they call wrong is found, what is right is not."""

import re
from pathlib import Path

import pytest
from tests.unit.lint.build import findings, repo

from reprise.domain.lint import doc, env
from reprise.domain.lint.model import Rule, Severity

PAGES = Path(__file__).parents[3] / "docs" / "rules"
RULES = (*env.RULES, *doc.RULES)

_FILE = re.compile(r'^```text title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def page(rule: Rule) -> str:
    return (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")


def said(rule: Rule, section: str) -> list[Severity]:
    text = page(rule).partition(f"\n**{section}**\n")[2].partition("\n**")[0]
    files = {name: content.removesuffix("\n") for name, content in _FILE.findall(text)}
    assert files
    return [finding.severity for finding in findings(rule.id, repo(files))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_is_named_after_its_rule(rule: Rule) -> None:
    lines = page(rule).splitlines()
    assert lines[0] == f"# {rule.id}: {rule.title}"
    assert rule.severity.value in lines[2].lower()
    assert lines[2].endswith(f". Barrier: {rule.barrier.value}.")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_page_calls_wrong_is_found_and_what_it_calls_right_is_not(rule: Rule) -> None:
    assert any(severity is not Severity.INFORMATION for severity in said(rule, "Wrong"))
    assert said(rule, "Right") == []
