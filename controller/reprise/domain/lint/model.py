"""Rules and what they find."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprise.domain.lint.repo import Repo


class Severity(Enum):
    ERROR = "error"
    """Keeps a run from leasing a machine."""
    WARNING = "warning"
    INFORMATION = "information"


PAGES = "docs/rules"
"""Where each rule has a page, from the root of this project."""


class Barrier(Enum):
    """What keeps people from getting a number again."""

    DOC = "documentation"
    ENV = "identical environment"
    DATA = "data versions"
    CODE = "code and workflow versions"
    TRACK = "experiment tracking"
    METRIC = "standard metrics and protocol"


@dataclass(frozen=True, slots=True)
class Found:
    """One place where a rule does not hold."""

    file: str
    """From the root; where the whole repository is meant, the file that would mend it."""
    line: int
    """From 1."""
    message: str
    """What is there, as a sentence without its full stop."""
    fix: str
    """What to do, beginning with a verb."""
    severity: Severity | None = None
    """Where it is not the rule's own."""
    alike: str | None = None
    """Of those in one file with the same word here, the first that nobody ignores is enough."""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    """Permanent: RX and two digits. An id that is no longer used is never given to another rule."""
    barrier: Barrier
    severity: Severity
    title: str
    why: str
    """What goes wrong otherwise, as a sentence."""
    find: "Callable[[Repo], Iterable[Found]]"

    @property
    def page(self) -> str:
        """What it is about, with wrong and right."""
        return f"{PAGES}/{self.id}.md"


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    file: str
    line: int
    message: str
    """On one line and without secrets, as the fix."""
    fix: str
    severity: Severity
    ignored: str | None = None
    """The reason that stands beside it; then it counts for nothing."""

    @property
    def advice(self) -> str:
        """What is there and what to do, as sentences."""
        return f"{self.message}. {self.fix[:1].upper()}{self.fix[1:]}."
