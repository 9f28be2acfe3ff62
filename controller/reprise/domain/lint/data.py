"""Rules of the barrier data."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
