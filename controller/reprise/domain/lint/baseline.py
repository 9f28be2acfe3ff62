"""Findings that a repository had when its authors began to check it: they stay listed in a file and do not
count, while new ones do.

A finding is known by its rule, its file and the text of its line, so that it stays known when lines move. Of
several alike as many are known as the file says.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable

from reprise.domain.errors import UserError
from reprise.domain.lint.model import Finding
from reprise.domain.lint.repo import Repo

VERSION = 1
_DIGITS = 16

Key = tuple[str, str, str]
"""Rule, file, digest of the line."""


def key(repo: Repo, finding: Finding) -> Key:
    lines = repo.lines(finding.file)
    line = lines[finding.line - 1].strip() if 1 <= finding.line <= len(lines) else ""
    return finding.rule.id, finding.file, hashlib.sha256(line.encode()).hexdigest()[:_DIGITS]


def known(repo: Repo, findings: Iterable[Finding], baseline: Counter[Key]) -> frozenset[Finding]:
    """Those that the baseline lists; of what is ignored with a reason none, which needs no baseline."""
    left = Counter(baseline)
    found = []
    for finding in findings:
        this = key(repo, finding)
        if finding.ignored is None and left[this] > 0:
            left[this] -= 1
            found.append(finding)
    return frozenset(found)


def render_baseline(repo: Repo, findings: Iterable[Finding]) -> str:
    """The file's text, sorted, one finding a line, so that a diff shows what was mended."""
    keys = Counter(key(repo, finding) for finding in findings if finding.ignored is None)
    rows = [
        json.dumps({"rule": rule, "file": file, "line": line, "count": count})
        for (rule, file, line), count in sorted(keys.items())
    ]
    listed = "[\n    " + ",\n    ".join(rows) + "\n  ]" if rows else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'


def parse_baseline(data: bytes, name: str) -> Counter[Key]:
    """Raises UserError, with the file's ``name``, where it is none of ours."""
    try:
        document = json.loads(data)
        if document["version"] != VERSION:
            raise UserError(f"{name} is a baseline of another version of Reprise: write it again")
        return Counter(
            {
                (str(row["rule"]), str(row["file"]), str(row["line"])): int(row["count"])
                for row in document["findings"]
            }
        )
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise UserError(f"{name} is no baseline: write one with --write-baseline") from error
