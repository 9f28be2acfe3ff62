"""The pages about claims and results show what the rules do."""

import re
from pathlib import Path

import pytest
from tests.unit.lint.build import found, repo

from reprise.domain.lint import metric, track
from reprise.domain.lint.model import Rule

PAGES = Path(__file__).parents[3] / "docs" / "rules"
LINES = {
    "id": "accuracy",
    "where": '"Table 2, row 3"',
    "metric": "{file: results/metrics.json, pointer: /accuracy}",
    "published": '{value: "0.9324"}',
    "compare": "{mode: exact}",
}
HEAD = "version: 1\nrun: {command: [python, train.py], seed: {arg: --seed}}\nclaims:\n  - "


def page(rule: str) -> str:
    return (PAGES / f"{rule}.md").read_text(encoding="utf-8")


def shown(rule: str, heading: str, language: str) -> str:
    """The code under a heading of a page."""
    below = page(rule).partition(f"**{heading}**")[2]
    return below.partition(f"```{language}\n")[2].partition("```")[0]


def spec(fragment: str) -> str:
    """What a page shows of a claim, with the rest of it."""
    keys = re.findall(r"^[- ]*(\w+): (.+)$", fragment, re.MULTILINE)
    left_out = {"where"} if fragment.startswith("- id") else set()
    lines = {name: text for name, text in LINES.items() if name not in left_out} | dict(keys)
    return HEAD + "\n    ".join(f"{name}: {text}" for name, text in lines.items()) + "\n"


@pytest.mark.parametrize("rule", [*metric.RULES, *track.RULES], ids=lambda rule: rule.id)
def test_every_page_is_short_and_called_like_its_rule(rule: Rule) -> None:
    lines = page(rule.id).splitlines()
    assert lines[0] == f"# {rule.id}: {rule.title}"
    assert lines[2].lower().startswith(rule.severity.value)
    assert f"Barrier: {rule.barrier.value}." in lines[2]
    assert len(lines) <= 35


@pytest.mark.parametrize("rule", ["RX01", "RX02", "RX03", "RX04", "RX05"])
def test_what_a_page_calls_wrong_is_found_and_what_it_calls_right_is_not(rule: str) -> None:
    files = {
        "results/metrics.json": '{"test": {"acc": 0.93}, "accuracy": 0.93}',
        "results/published_seeds.json": "[0.9324]",
    }
    assert len(found(rule, repo(files, spec(shown(rule, "Wrong", "yaml"))))) == 1
    assert found(rule, repo(files, spec(shown(rule, "Right", "yaml")))) == []


def test_the_page_about_metrics_in_no_file_shows_both() -> None:
    begins = "import json\nfrom sklearn.metrics import accuracy_score\n"
    wrong, right = (begins + shown("RX40", heading, "python") for heading in ("Wrong", "Right"))
    assert found("RX40", repo({"train.py": wrong})) == [("train.py", 3)]
    assert found("RX40", repo({"train.py": right + "print(1)\n"})) == []
