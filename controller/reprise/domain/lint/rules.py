"""Every rule, and what they find in a repository."""

from collections.abc import Iterator

from reprise.domain.lint import code, data, doc, env, metric, track
from reprise.domain.lint.ignoring import reason_beside
from reprise.domain.lint.model import Finding, Rule
from reprise.domain.lint.repo import Repo

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (*doc.RULES, *env.RULES, *data.RULES, *code.RULES, *track.RULES, *metric.RULES),
        key=lambda rule: rule.id,
    )
)


def lint(repo: Repo) -> tuple[Finding, ...]:
    """By file, line and rule. What is ignored with a reason is among them, and says so."""
    found = {finding: None for rule in RULES for finding in _findings(rule, repo)}
    return tuple(sorted(found, key=lambda finding: (finding.file, finding.line, finding.rule.id)))


def _findings(rule: Rule, repo: Repo) -> Iterator[Finding]:
    for found in rule.find(repo):
        yield Finding(
            rule,
            found.file,
            found.line,
            found.message,
            found.fix,
            found.severity or rule.severity,
            reason_beside(repo.lines(found.file), found.line, rule.id),
        )
