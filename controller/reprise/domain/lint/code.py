"""Rules of the barrier code."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
