"""``reprise check --format sarif``: SARIF 2.1.0, which forges and editors read.

What is ignored, and what a baseline knows, is in it as suppressed: a reader may show it or not.
"""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from reprise import __version__
from reprise.domain.addresses import SOURCE, SPEC_PAGE, page_of
from reprise.domain.lint.model import Finding, Rule, Severity
from reprise.domain.lint.rules import RULES
from reprise.domain.spec.model import Problem
from reprise.domain.text import clean_line
from reprise.linting.checked import Checked

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SPEC = "spec"
"""The rule of what is wrong with a spec: it has no id of the lint."""
LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}
FINGERPRINT = "ruleFileAndLine/v1"


def as_sarif(checked: Checked) -> dict[str, Any]:
    """One log with one run; every rule is described, found or not."""
    driver = {
        "name": "Reprise",
        "version": __version__,
        "informationUri": SOURCE,
        "rules": [_spec_rule(), *map(_rule, RULES)],
    }
    results = [*map(_problem, checked.problems), *(_finding(each, checked) for each in checked.findings)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the repository."}}},
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _spec_rule() -> dict[str, Any]:
    return {
        "id": SPEC,
        "shortDescription": {"text": "a spec that can be read"},
        "fullDescription": {"text": "A run needs a spec without problems."},
        "helpUri": SPEC_PAGE,
        "defaultConfiguration": {"level": "error"},
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.why[:1].upper()}{rule.why[1:].rstrip('.')}."},
        "helpUri": page_of(rule),
        "defaultConfiguration": {"level": LEVEL[rule.severity]},
        "properties": {"tags": [rule.barrier.value]},
    }


def _problem(problem: Problem) -> dict[str, Any]:
    region = {"startLine": problem.line, "startColumn": problem.column}
    return {
        "ruleId": SPEC,
        "level": "error",
        "message": {"text": clean_line(problem.message)},
        "locations": [_location(problem.file, region)],
    }


def _finding(finding: Finding, checked: Checked) -> dict[str, Any]:
    return {
        "ruleId": finding.rule.id,
        "level": LEVEL[finding.severity],
        "message": {"text": finding.advice},
        "locations": [_location(finding.file, {"startLine": finding.line})],
        "partialFingerprints": {FINGERPRINT: "/".join(checked.keys[finding])},
        "suppressions": list(_suppressions(finding, checked)),
    }


def _location(file: str, region: dict[str, int]) -> dict[str, Any]:
    place = {"uri": quote(os.fsencode(file)), "uriBaseId": "ROOT"}
    return {"physicalLocation": {"artifactLocation": place, "region": region}}


def _suppressions(finding: Finding, checked: Checked) -> Iterator[dict[str, str]]:
    if finding.ignored is not None:
        yield {"kind": "inSource", "justification": finding.ignored}
    elif finding in checked.known:
        yield {"kind": "external", "justification": "in the baseline"}
