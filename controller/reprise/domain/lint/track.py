"""Rules of the barrier track."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
