"""``reprise check --format github``: workflow commands, which GitHub Actions shows at the lines.

They are escaped as GitHub's own toolkit does it: a value of a property must not end it, and no text may begin
another command.
"""

from collections.abc import Iterator

from reprise.domain.addresses import page_of
from reprise.domain.lint.model import Finding, Severity
from reprise.domain.spec.model import Problem
from reprise.linting.checked import Checked

LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}
_DATA: dict[str, str | int | None] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: dict[str, str | int | None] = {**_DATA, ":": "%3A", ",": "%2C"}


def commands(checked: Checked) -> Iterator[str]:
    yield from map(_problem, checked.problems)
    yield from map(_finding, checked.counting)


def _problem(problem: Problem) -> str:
    place = {"file": problem.file, "line": f"{problem.line}", "col": f"{problem.column}", "title": "spec"}
    return _command("error", place, problem.message)


def _finding(finding: Finding) -> str:
    place = {
        "file": finding.file,
        "line": f"{finding.line}",
        "title": f"{finding.rule.id} {finding.rule.title}",
    }
    text = f"{finding.advice}\nsee {page_of(finding.rule)}"
    return _command(LEVEL[finding.severity], place, text)


def _command(level: str, place: dict[str, str], text: str) -> str:
    properties = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in place.items())
    return f"::{level} {properties}::{_escaped(text, _DATA)}"


def _escaped(text: str, table: dict[str, str | int | None]) -> str:
    printable = "".join("?" if "\ud800" <= character <= "\udfff" else character for character in text)
    return printable.translate(str.maketrans(table))
