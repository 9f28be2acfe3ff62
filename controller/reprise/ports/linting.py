"""What a commit can be told before anybody pays for a run of it."""

from typing import Protocol

from reprise.domain.lint.noticed import Linted
from reprise.domain.lint.request import LintRequest


class Linter(Protocol):
    """Reads the files of a tree and runs nothing of them."""

    def lint(self, request: LintRequest) -> Linted:
        """What is found, within a minute, or `Linted.problem`, why not. Repeatable; never raises."""
        ...
