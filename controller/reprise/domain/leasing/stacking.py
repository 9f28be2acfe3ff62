"""Keeps one project from sitting on a type of machine: Chameleon's rules against stacking leases. Pure.

Its staff are told of a project that has one type for nine tenths of three weeks, or more than half of its
machines at once; repeated, that ends leases.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from reprise.domain.leasing.windows import Span

WEEKS = timedelta(days=21)
SHARE = 0.9
FEW = 4
"""Of types with no more machines, half are not too many."""


def objection(
    name: str, wished: Span, ours: Sequence[Span], *, at_once: int, machines: int | None = None
) -> str | None:
    """Why one more lease of this type is not taken for now, as a clause; None when it may be.

    ``ours``: all leases of the type that we have had, have or booked. ``at_once``: what the operator allows;
    ``machines``: how many there are, None = not known.
    """
    most = at_once if machines is None or machines <= FEW else min(at_once, max(machines // 2, 1))
    beside = [span for span in ours if span.start < wished.end and wished.start < span.end]
    if len(beside) >= most:
        return f"{len(beside)} of {most} leases of {name} that may be are held or booked then"
    taken = covered([*ours, wished], Span(wished.end - WEEKS, wished.end))
    if taken >= SHARE * WEEKS:
        return f"{name} would be ours for {taken / WEEKS:.0%} of three weeks, which counts as stacking"
    return None


def covered(spans: Iterable[Span], within: Span) -> timedelta:
    """How much of ``within`` at least one of them covers."""
    total, reached = timedelta(), within.start
    for span in sorted(spans, key=lambda span: span.start):
        start, end = max(span.start, reached), min(span.end, within.end)
        if end > start:
            total, reached = total + (end - start), end
    return total
