"""Which tree is to be looked at, and for which experiment."""

from dataclasses import dataclass
from pathlib import Path


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
