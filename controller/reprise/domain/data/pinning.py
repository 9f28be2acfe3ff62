"""What a verdict may say when the repository does not say which bytes its data must be.

Levels A and B claim the same artifacts and the same number from the same inputs; with data that may have been
others, nobody knows that. C and D compare results, and say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from reprise.domain.claims import worst_first
from reprise.domain.run import ClaimJudgement, Judgement, Level, Verdict
from reprise.domain.spec.model import Distribution, Exact, Spec, Tolerance

_SHOWN_FILES = 5
_OUT_OF_REACH = (Level.A, Level.B)


class _Fetched(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def pinned(self) -> bool: ...


def unpinned(fetched: Iterable[_Fetched]) -> tuple[str, ...]:
    """Paths of the data that may be others the next time."""
    return tuple(sorted(each.path for each in fetched if not each.pinned))


def with_data(judged: Judgement, spec: Spec, paths: Sequence[str]) -> Judgement:
    """The judgement, with levels A and B taken away where these data are not pinned."""
    if not paths or judged.verdict is Verdict.NOT_RUN:
        return judged
    claims = tuple(_capped(claim, spec) for claim in judged.claims)
    made = replace(judged, claims=claims, notes=(*judged.notes, _note(paths)))
    if not claims:
        return replace(made, level=None)
    levels = [claim.level for claim in claims if claim.level is not None]
    if judged.verdict is not Verdict.REPRODUCED:
        return made
    worst = worst_first(claims)[0]
    if worst.verdict is Verdict.REPRODUCED:
        return replace(made, level=max(levels, key=lambda level: level.value))
    return replace(made, verdict=worst.verdict, level=None, message=f"{worst.id}: {worst.message}")


def _capped(claim: ClaimJudgement, spec: Spec) -> ClaimJudgement:
    if claim.level not in _OUT_OF_REACH:
        return claim
    declared = next(each for each in spec.claims if each.id == claim.id)
    match declared.compare:
        case Exact():
            message = "equal, but its data are not pinned: add the `sha256` of each to the spec"
            return replace(claim, verdict=Verdict.INCONCLUSIVE, level=None, message=message)
        case Tolerance():
            return replace(claim, level=Level.C)
        case Distribution():
            return _without_artifacts(claim)


def _without_artifacts(claim: ClaimJudgement) -> ClaimJudgement:
    """Its interval must tell by itself."""
    estimate = claim.estimate
    if estimate is not None and estimate.p_value is not None and estimate.p_value <= estimate.alpha:
        return replace(claim, level=Level.D)
    message = "the artifacts are identical, but the data are not pinned, and the values alone do not tell"
    return replace(claim, verdict=Verdict.INCONCLUSIVE, level=None, message=message)


def _note(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_SHOWN_FILES])
    more = f" and {len(paths) - _SHOWN_FILES} more" if len(paths) > _SHOWN_FILES else ""
    return (
        f"Nothing in the repository says which bytes these data must be: {shown}{more}. "
        "So levels A and B are out of reach; add their `sha256` to the spec."
    )
