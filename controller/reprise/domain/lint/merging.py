"""What is found at one place for several experiments: it is told once, at its worst."""

from collections.abc import Iterable
from dataclasses import replace

from reprise.domain.lint.model import Found, Severity

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFORMATION)


def worst(found: Iterable[Found], usual: Severity) -> list[Found]:
    """In the order in which they were found first. ``usual`` is the severity of the rule."""
    kept: dict[Found, Severity] = {}
    for each in found:
        severity = each.severity or usual
        plain = replace(each, severity=None)
        kept[plain] = min(severity, kept.get(plain, severity), key=_ORDER.index)
    return [replace(each, severity=severity) for each, severity in kept.items()]
