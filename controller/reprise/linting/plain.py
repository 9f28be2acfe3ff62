"""``reprise check --format json``: what is in the text, as one object. docs/check.md lists its keys."""

from dataclasses import asdict
from typing import Any

from reprise.domain.addresses import page_of
from reprise.domain.lint.model import Finding, Severity
from reprise.linting.checked import Checked


def as_object(checked: Checked) -> dict[str, Any]:
    """Plain data; lines and columns count from 1."""
    summary = checked.summary
    return {
        "problems": [asdict(problem) for problem in checked.problems],
        "findings": [_finding(each, checked) for each in checked.findings],
        "fixed": [_finding(each, checked) for each in checked.fixed],
        "counts": _counts(summary.counts) | {"ignored": summary.ignored, "known": summary.known},
        "barriers": {barrier.value: _counts(row) for barrier, row in summary.barriers.items()},
        "pins": [
            {"file": pin.file, "line": pin.line, "what": pin.what, "pin": pin.pin.value}
            for pin in checked.pins
        ],
    }


def _finding(finding: Finding, checked: Checked) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "title": finding.rule.title,
        "barrier": finding.rule.barrier.value,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "fix": f"{finding.fix[:1].upper()}{finding.fix[1:]}",
        "see": page_of(finding.rule),
        "fixable": finding in checked.fixable,
        "ignored": finding.ignored,
        "known": finding in checked.known,
    }


def _counts(row: dict[Severity, int]) -> dict[str, int]:
    return {severity.value: number for severity, number in row.items()}
