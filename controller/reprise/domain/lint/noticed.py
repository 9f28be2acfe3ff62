"""What the lint found in the commit of a run: kept with it, annotated on its check, told in its report."""

from collections.abc import Iterable
from dataclasses import dataclass

from reprise.domain.lint.model import Finding, Severity
from reprise.masking import mask

MOST = 100
"""That are kept; people mend the first ones and look again."""
_TEXT = 500
"""Characters of a message or a fix."""
_ORDER = (Severity.ERROR, Severity.WARNING)
"""Information is for whoever asks `reprise check`."""


@dataclass(frozen=True, slots=True)
class Noticed:
    rule: str
    severity: Severity
    file: str
    line: int
    """From 1."""
    message: str
    fix: str

    @property
    def text(self) -> str:
        """What is there and what to do, without the last full stop."""
        ends = "" if self.message.endswith(("?", "!", ".", "…")) else "."
        return f"{self.message}{ends} {self.fix[:1].upper()}{self.fix[1:]}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule} {self.text}"


@dataclass(frozen=True, slots=True)
class Linted:
    noticed: tuple[Noticed, ...] = ()
    """Errors first, at most `MOST`."""
    errors: int = 0
    warnings: int = 0
    """All of them, also what is not kept."""
    problem: str | None = None
    """Why nobody knows what there is to find."""


def noticed(findings: Iterable[Finding]) -> Linted:
    """Of what counts: neither information nor what is ignored with a reason."""
    counted = [each for each in findings if each.ignored is None and each.severity in _ORDER]
    counted.sort(key=lambda each: (_ORDER.index(each.severity), each.file, each.line, each.rule.id))
    errors = sum(each.severity is Severity.ERROR for each in counted)
    return Linted(tuple(map(_noticed, counted[:MOST])), errors, len(counted) - errors)


def _noticed(each: Finding) -> Noticed:
    return Noticed(
        each.rule.id, each.severity, each.file, max(each.line, 1), _plain(each.message), _plain(each.fix)
    )


def _plain(text: str) -> str:
    """Fit for a table and a page: a literal of the repository's may hold half a character, or a secret."""
    return mask("".join(c if c.isprintable() else "?" for c in text[:_TEXT]))


def why_blocked(linted: Linted) -> str | None:
    """Why no machine is leased for this commit; None where one may be."""
    if not linted.errors:
        return None
    rest = linted.errors - 1
    more = f" ({rest} more {'error is' if rest == 1 else 'errors are'} below)" if rest else ""
    return f"{linted.noticed[0]}{more}"


def counted_findings(linted: Linted) -> str:
    """Such as ``1 error, 3 warnings``; empty where there is nothing."""
    counts = ((linted.errors, "error"), (linted.warnings, "warning"))
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
