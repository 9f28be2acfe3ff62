"""Rules of the barrier metric."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
