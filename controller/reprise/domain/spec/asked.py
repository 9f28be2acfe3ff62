"""What a command asked of an experiment: more trials, or only some of its claims."""

from collections.abc import Sequence
from dataclasses import replace

from reprise.domain.run import Judgement
from reprise.domain.spec.model import Spec


def with_arguments(spec: Spec, seeds: int | None, claims: Sequence[str] | None) -> Spec:
    """The spec with what a command asked for: more trials, fewer claims."""
    kept = tuple(claim for claim in spec.claims if claims is None or claim.id in claims)
    return replace(spec, n=max(spec.n, seeds or 0), claims=kept)


def noted(judgement: Judgement, claims: Sequence[str] | None) -> Judgement:
    """The judgement, which says so when only some claims were asked for."""
    if claims is None:
        return judgement
    note = f"Only {', '.join(claims)} was asked for and judged."
    return replace(judgement, notes=(*judgement.notes, note))
