"""A Linter that finds what it is told to, and remembers what it was shown."""

from dataclasses import dataclass, field

from reprise.domain.lint.noticed import Linted
from reprise.domain.lint.request import LintRequest


@dataclass(slots=True)
class FakeLinter:
    finds: Linted = field(default_factory=Linted)
    shown: list[LintRequest] = field(default_factory=list)
    files: list[frozenset[str]] = field(default_factory=list)
    """What lay in each tree, by path from its root."""

    def lint(self, request: LintRequest) -> Linted:
        self.shown.append(request)
        inside = (path for path in request.tree.rglob("*") if path.is_file())
        self.files.append(frozenset(str(path.relative_to(request.tree)) for path in inside))
        return self.finds
