"""Findings that can be mended without asking, because only one text is right. Everything else is for people.

Certain means: it is the very text that the finding asks for, and no decision of the author is in it. A seed,
a version, a licence or a tolerance is a decision.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from reprise.domain.lint.model import Finding
from reprise.domain.lint.repo import Entry, Repo


@dataclass(frozen=True, slots=True)
class Edit:
    file: str
    text: str
    """The whole new text."""


Fix = Callable[[Repo, Finding], Edit | None]
"""None where this finding of the rule is not certain after all."""

_BENCHMARK = re.compile(r"(\bcudnn\.benchmark\s*=\s*|[(,]\s*benchmark\s*=\s*)True\b(?=\s*(?:[,)]|#|$))")


def choose_same_kernels(repo: Repo, finding: Finding) -> Edit | None:
    """``cudnn.benchmark``, which Lightning sets too, lets the library choose kernels by the clock."""
    return _line_replaced(repo, finding, lambda line: _BENCHMARK.sub(r"\g<1>False", line))


FIXES: Mapping[str, Fix] = {"RX31": choose_same_kernels}
"""By rule."""


def edit_of(repo: Repo, finding: Finding) -> Edit | None:
    """How to mend it, if that is certain."""
    fix = FIXES.get(finding.rule.id)
    return fix(repo, finding) if fix is not None and finding.ignored is None else None


def mended(repo: Repo, findings: Iterable[Finding]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """New texts by file, and what they mend. From the end of each file, so that lines keep their numbers."""
    texts: dict[str, str] = {}
    done = []
    for finding in sorted(findings, key=lambda each: (each.file, -each.line, each.rule.id)):
        edit = edit_of(repo, finding)
        if edit is not None:
            texts[edit.file] = edit.text
            repo = _with(repo, edit)
            done.append(finding)
    return texts, tuple(reversed(done))


def _line_replaced(repo: Repo, finding: Finding, change: Callable[[str], str]) -> Edit | None:
    text = repo.text(finding.file)
    lines = (text or "").splitlines(keepends=True)
    if not 1 <= finding.line <= len(lines):
        return None
    old = lines[finding.line - 1]
    body = old.rstrip("\r\n")
    new = change(body)
    if new == body:
        return None
    lines[finding.line - 1] = new + old[len(body) :]
    return Edit(finding.file, "".join(lines))


def _with(repo: Repo, edit: Edit) -> Repo:
    """The repository after an edit."""
    data = edit.text.encode()
    load = repo.load
    return replace(
        repo,
        entries={**repo.entries, edit.file: Entry(edit.file, len(data))},
        load=lambda path: data if path == edit.file else load(path),
    )
