"""Rules of the barrier env."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
