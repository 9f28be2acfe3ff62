"""What a commit can be told before anybody pays for a run of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reprise.domain.lint.noticed import Linted


@dataclass(frozen=True, slots=True)
class LintRequest:
    tree: Path
    """A clean export of the commit, which nobody changes meanwhile."""
    repository: str
    """``owner/name``"""
    spec_file: str
    """Of the one experiment that is to be run, from the root."""
    submodules: tuple[str, ...] = ()
    """Folders of other repositories' files inside the tree, which are not looked at."""
    before: str | None = None
    """The spec file in the parent commit; None where there is none, or it is not known."""


class Linter(Protocol):
    """Reads the files of a tree and runs nothing of them."""

    def lint(self, request: LintRequest) -> Linted:
        """What is found, within a minute, or `Linted.problem`, why not. Repeatable; never raises."""
        ...
