"""Rules of the barrier doc."""

from reprise.domain.lint.model import Rule

RULES: tuple[Rule, ...] = ()
