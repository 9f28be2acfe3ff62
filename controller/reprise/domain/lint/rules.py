"""Every rule, and what they find in a repository."""

from collections.abc import Iterable, Iterator

from reprise.domain.lint import code, data, doc, env, metric, track
from reprise.domain.lint.ignoring import lacks_reason, reason_beside
from reprise.domain.lint.model import Finding, Rule
from reprise.domain.lint.repo import Repo
from reprise.domain.text import clean

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (*doc.RULES, *env.RULES, *data.RULES, *code.RULES, *track.RULES, *metric.RULES),
        key=lambda rule: rule.id,
    )
)

_UNEXPLAINED = "the comment that ignores it counts once it ends in a dash and a reason"


def lint(repo: Repo, rules: Iterable[Rule] = RULES) -> tuple[Finding, ...]:
    """By file, line and rule. What is ignored with a reason is among them, and says so.

    Messages quote strangers' files, and go to logs that everybody reads: they are one line without a secret.
    """
    found = {finding: None for rule in rules for finding in _findings(rule, repo)}
    return tuple(sorted(found, key=lambda finding: (finding.file, finding.line, finding.rule.id)))


def _findings(rule: Rule, repo: Repo) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for found in rule.find(repo):
        lines = repo.lines(found.file)
        if found.alike is not None and (found.file, found.alike) in told:
            continue
        reason = reason_beside(lines, found.line, rule.id)
        if found.alike is not None and reason is None:
            told.add((found.file, found.alike))
        unexplained = lacks_reason(lines, found.line, rule.id)
        yield Finding(
            rule,
            found.file,
            found.line,
            clean(found.message),
            clean(f"{found.fix}; {_UNEXPLAINED}" if unexplained else found.fix),
            found.severity or rule.severity,
            reason,
        )
